/** Quoting, judged by /bin/sh itself. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assertSudo,
  opensshArgs,
  quote,
  quoteArgv,
  SudoRefusedError,
  sudo,
  sudoRefusal,
  sudoStdin,
} from '../../../src/ssh/index.ts';

/** What a shell makes of a command line that prints its arguments, each ended by a NUL byte. */
function words(line: string, shell = '/bin/sh'): string[] {
  return execFileSync(shell, ['-c', line], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

const HOSTILE = [
  '',
  ' ',
  "'",
  "''",
  '"',
  '\\',
  '$HOME',
  '`id`',
  '$(id)',
  '!x',
  '*',
  '?',
  '[a]',
  '~',
  '~root',
  '#',
  ';',
  '&',
  '|',
  '<',
  '>',
  '(',
  ')',
  '{a,b}',
  '\n',
  '\t',
  '-n',
  '--',
  'a=b',
  'ä€',
  "it's",
  'a\nb',
  '\\n',
  '%s',
  '\r',
];

describe('a quoted value', () => {
  it('is one word with the same bytes', () => {
    const any = fc.oneof(
      fc.constantFrom(...HOSTILE),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary-ascii' }),
    );
    const value = any.map((text) => text.replaceAll('\0', ''));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 12 }), (values) => {
        expect(words(`printf '%s\\0' ${values.map(quote).join(' ')}`)).toEqual(values);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps what needs no quotes readable', () => {
    expect(quoteArgv(['systemctl', 'restart', 'coredns.service', '/etc/x_y', 'a b'])).toBe(
      "systemctl restart coredns.service /etc/x_y 'a b'",
    );
  });

  it('refuses a NUL byte, which no argument can hold', () => {
    expect(() => quote('a\0b')).toThrow('NUL byte');
  });

  it.each(['if', 'coproc', 'X=1', 'for'])('%s as a command is a program of that name, no keyword', (word) => {
    expect(words(`(${quoteArgv([word])}) 2>/dev/null; printf '%s\\0' $?`, '/bin/bash')).toEqual(['127']);
  });
});

describe('sudo', () => {
  it('quotes its command, which may be a text for bash', () => {
    expect(sudo(['systemctl', 'is-active', 'a b'])).toBe("LC_ALL=C sudo -n -- systemctl is-active 'a b'");
    expect(sudo("echo 'x'; id")).toBe("LC_ALL=C sudo -n -- /bin/bash -c 'echo '\\''x'\\''; id'");
    expect(sudoStdin(['a b'])).toBe("LC_ALL=C sudo -n -- /bin/bash -s -- 'a b'");
  });

  const refused = (code: number, stderr: string) => sudoRefusal({ code, stderr: Buffer.from(stderr) });

  it.each([
    [1, 'sudo: a password is required\n'],
    [1, 'sudo: a terminal is required to read the password; either use the -S option\n'],
    [1, 'motd noise\nops is not in the sudoers file.\n'],
    [1, 'Sorry, user ops is not allowed to execute /bin/bash as root on ns1.\n'],
    [127, 'bash: line 1: sudo: command not found\n'],
  ])('that ends with %i and says %j has refused', (code, stderr) => {
    expect(refused(code, stderr)).toBeTruthy();
  });

  it('has not refused when the command itself failed', () => {
    expect(refused(1, 'grep: no match\n')).toBeUndefined();
    expect(refused(2, 'sudo: a password is required\n')).toBeUndefined();
    expect(refused(0, 'sudo: a password is required\n')).toBeUndefined();
    expect(refused(127, 'bash: jq: command not found\n')).toBeUndefined();
  });

  it('that refused is an error with its words and the line that sudoers needs', () => {
    const result = { code: 1, stdout: Buffer.alloc(0), stderr: Buffer.from('sudo: a password is required\n') };
    const who = { host: 'ns1', user: 'ops' };
    expect(() => assertSudo(result, who)).toThrow(SudoRefusedError);
    expect(() => assertSudo(result, who)).toThrow('ops may not use sudo without a password on ns1');
    const good = { ...result, code: 0 };
    expect(assertSudo(good, who)).toBe(good);
  });
});

describe('the arguments for the system’s ssh', () => {
  it('hold everything that the inventory says, and nothing of the user’s own files for the lab', () => {
    const target = {
      address: '10.0.0.2',
      port: 2222,
      user: 'core',
      identityFile: '/l b/"k"',
      knownHostsFile: '/l/100%',
    };
    expect(opensshArgs(target, 'ns1')).toEqual([
      '-F',
      'none',
      '-o',
      'HostName=10.0.0.2',
      '-p',
      '2222',
      '-l',
      'core',
      '-o',
      'IdentityFile="/l b/\\"k\\""',
      '-o',
      'IdentitiesOnly=yes',
      '-o',
      'UserKnownHostsFile="/l/100%%"',
      '-o',
      'GlobalKnownHostsFile=/dev/null',
      '-o',
      'StrictHostKeyChecking=yes',
      '-o',
      'ConnectTimeout=10',
      '-o',
      'ServerAliveInterval=5',
      '-o',
      'ServerAliveCountMax=3',
      '--',
      'ns1',
    ]);
  });

  it('leave to ssh_config what the inventory does not say', () => {
    const args = opensshArgs({ address: 'ns1', port: 22, user: 'core', defaulted: ['port', 'user'] });
    expect(args.slice(-2)).toEqual(['--', 'ns1']);
    for (const word of ['-F', '-p', '-l']) expect(args).not.toContain(word);
  });
});
