/** The format of known_hosts and of host patterns, against what ssh-keygen itself says. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostKeyAlgorithms } from '../../../src/ssh/algorithms.ts';
import { fingerprint, parseKeyBlob, parsePublicKey } from '../../../src/ssh/host-key.ts';
import {
  formatKnownHostsLine,
  judgeHostKey,
  lookupKeys,
  lookupName,
  parseKnownHosts,
} from '../../../src/ssh/known-hosts.ts';
import { matchesPattern, matchesPatternList } from '../../../src/ssh/pattern.ts';
import { newKeyPair } from './scripted-sshd.ts';

const PAIR = newKeyPair();
const [TYPE = '', BASE64 = ''] = PAIR.public.split(' ');
const KEY = parsePublicKey(TYPE, BASE64);
if (KEY === undefined) throw new Error('no key');

function hasSshKeygen(): boolean {
  try {
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
  return true;
}

describe.skipIf(!hasSshKeygen())('beside ssh-keygen', () => {
  const inFile = <T>(text: string, act: (file: string) => T): T => {
    const dir = mkdtempSync(join(tmpdir(), 'coreos-infra-known-'));
    try {
      const file = join(dir, 'known_hosts');
      writeFileSync(file, text);
      return act(file);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };

  it('names that it hashed are found, by address and by [address]:port', () => {
    const hashed = inFile(`192.0.2.11 ${PAIR.public}\n[192.0.2.12]:2222 ${PAIR.public}\n`, (file) => {
      execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
      return readFileSync(file, 'utf8');
    });
    expect(hashed).not.toContain('192.0.2');
    const known = parseKnownHosts(hashed, 'known_hosts');
    expect(lookupKeys(known, lookupName('192.0.2.11', 22)).keys).toHaveLength(1);
    expect(lookupKeys(known, lookupName('192.0.2.12', 2222)).keys).toHaveLength(1);
    expect(lookupKeys(known, lookupName('192.0.2.12', 22)).keys).toHaveLength(0);
  });

  it('names that we hashed are found by it', () => {
    const line = formatKnownHostsLine('[192.0.2.11]:2222', KEY, Buffer.alloc(20, 3));
    const found = inFile(`${line}\n`, (file) =>
      execFileSync('ssh-keygen', ['-F', '[192.0.2.11]:2222', '-f', file]).toString(),
    );
    expect(found).toContain('found: line 1');
  });

  it('fingerprints are the same', () => {
    const shown = inFile(`host ${PAIR.public}\n`, (file) => execFileSync('ssh-keygen', ['-l', '-f', file]).toString());
    expect(shown).toContain(fingerprint(KEY));
  });
});

describe('known_hosts', () => {
  const judge = (text: string, address: string, port = 22) =>
    judgeHostKey(lookupKeys(parseKnownHosts(text, 'f'), lookupName(address, port)), KEY).kind;

  it('finds names without regard to case, and by alias without a port', () => {
    expect(judge(`NS1.example.com ${PAIR.public}`, 'ns1.EXAMPLE.com')).toBe('trusted');
    const known = parseKnownHosts(`dns-one ${PAIR.public}`, 'f');
    expect(lookupKeys(known, lookupName('192.0.2.11', 2222, 'dns-one')).keys).toHaveLength(1);
  });

  it('takes a key of the same address at another port only if it is the very same', () => {
    const other = newKeyPair().public;
    expect(judge(`192.0.2.11 ${PAIR.public}`, '192.0.2.11', 2222)).toBe('trusted');
    expect(judge(`192.0.2.11 ${other}`, '192.0.2.11', 2222)).toBe('unknown');
    expect(judge(`192.0.2.11 ${PAIR.public}\n[192.0.2.11]:2222 ${other}`, '192.0.2.11', 2222)).toBe('changed');
    expect(judge(`[192.0.2.11]:2222 ${PAIR.public}`, '192.0.2.11', 22)).toBe('unknown');
  });

  it('asks for known types first and still for all others', () => {
    const rsa = newKeyPair('rsa').public;
    const order = (text: string) => hostKeyAlgorithms(lookupKeys(parseKnownHosts(text, 'f'), lookupName('h', 22)));
    expect(order(`h ${rsa}`).slice(0, 3)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519']);
    expect(order('')[0]).toBe('ssh-ed25519');
    expect([...order('')].sort()).toEqual([...order(`h ${rsa}`)].sort());
    expect(order('')).not.toContain('ssh-rsa');
  });

  it('never throws, whatever the file holds, and trusts nothing by accident', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(judge(text, '192.0.2.11')).toBe('unknown');
      }),
    );
  });
});

describe('a public key', () => {
  it('whose bytes name another type than its text is no key', () => {
    expect(parsePublicKey('ssh-rsa', BASE64)).toBeUndefined();
    expect(parsePublicKey(TYPE, `${BASE64.slice(0, -4)}!!!!`)).toBeUndefined();
  });

  it('of any other bytes is no key, and no crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const key = parseKeyBlob(Buffer.from(bytes));
        if (key !== undefined) expect(key.type).toMatch(/^[a-z0-9@.-]+$/);
      }),
    );
  });
});

describe('a host pattern', () => {
  it.each([
    ['192.0.2.*', '192.0.2.11', true],
    ['192.0.2.?', '192.0.2.11', false],
    ['ns?', 'NS1', true],
    ['*', '', true],
    ['*.example.com', 'example.com', false],
    ['*a*b', 'xxaxxbxb', true],
    ['*a*b', 'xxaxxbxc', false],
  ])('%s against %s: %s', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });

  it('with ! in front leaves names out, whatever else matches', () => {
    expect(matchesPatternList(['*', '!ns1'], 'ns1')).toBe(false);
    expect(matchesPatternList(['!ns1', '*'], 'ns2')).toBe(true);
    expect(matchesPatternList(['!ns1'], 'ns2')).toBe(false);
  });

  it('means what the regular expression for it means', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(patterns, letters, (pattern, name) => {
        const regex = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(matchesPattern(pattern, name)).toBe(regex.test(name));
      }),
    );
  });

  it('of many stars is matched in no time', () => {
    const start = performance.now();
    expect(matchesPattern(`${'*a'.repeat(40)}b`, 'a'.repeat(2000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
