/** Secrets in inventories and -e: written as tags, as maps or in files of sops; shown by nothing, decrypted by nothing that only looks. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseExtraVars } from '../../../src/cli/extra-vars.ts';
import { showJson, showText } from '../../../src/cli/inventory-text.ts';
import type { Host, VarValue } from '../../../src/inventory/model.ts';
import { mapInventory } from '../../../src/lab/address-map.ts';
import { type Secret, sourcesOf } from '../../../src/secrets/secret.ts';
import { describeSource } from '../../../src/secrets/source.ts';
import { loadTree, problemsOf, writeTree } from '../inventory/tree.ts';

const HOSTS = 'all: { hosts: { ns1: { address: 192.0.2.11 } }, children: { dns: { hosts: { ns1: } } } }\n';

const hostOf = (files: Record<string, string>, extraVars: Record<string, VarValue> = {}): Host => {
  const host = loadTree(HOSTS, files, extraVars).hosts.get('ns1');
  if (host === undefined) throw new Error('no host');
  return host;
};
/** `env A`, or what the value is. */
const sourceOf = (value: unknown): string =>
  sourcesOf(value as Secret)
    .map(({ source }) => `${source.kind} ${describeSource(source)}`)
    .join();

const ENCRYPTED = 'ENC[AES256_GCM,data:b8Gx,iv:AAA=,tag:BBB=,type:str]';
const SOPS = `
plain_unencrypted: seen
kea_password: ${ENCRYPTED}
nested:
    list:
        - ${ENCRYPTED}
        - other: ${ENCRYPTED.replace('str', 'int')}
sops:
    age: [{ recipient: age1xyz, enc: x }]
    lastmodified: "2026-11-21T00:00:00Z"
    mac: ${ENCRYPTED}
    version: 3.11.0
`;

describe('tags and maps', () => {
  it('make secrets of every kind, with the place where they are written', () => {
    const host = hostOf({
      'group_vars/dns.yaml': `
a: !env A_KEY
b: !command [pass, show, "dns/key; rm -rf /"]
c: !sops ../keys/dns.yaml#tsig.keys[0].secret
d: !sops keys.pem
e: { $secret: { env: B_KEY } }
f: [{ x: !env C_KEY }, { $secret: { command: [cat, x] } }]
`,
    });
    const { a, b, c, d, e, f } = host.vars as Record<string, VarValue>;
    expect([a, b, e].map(sourceOf)).toEqual([
      'env environment variable A_KEY',
      'command command pass',
      'env environment variable B_KEY',
    ]);
    expect(sourceOf(c)).toMatch(/^sops \/.*\/keys\/dns\.yaml#tsig\.keys\[0\]\.secret$/);
    expect(sourceOf(c)).not.toContain('group_vars');
    expect(sourceOf(d)).toMatch(/\/group_vars\/keys\.pem$/);
    expect(sourceOf((f as readonly Record<string, VarValue>[])[0]?.['x'])).toContain('C_KEY');
    expect(sourcesOf(a as Secret)[0]?.source.where).toMatchObject({ line: 2 });
  });

  it.each([
    ['!env "$(id)"', '!env names an environment variable'],
    ['!env [A]', '!env names an environment variable'],
    ['!command pass show x', '!command is a list of words'],
    ['!command []', '!command is a list of words'],
    ['!command [pass, 1]', '!command is a list of words'],
    ['!sops "#key"', '!sops names an encrypted file'],
    ['!sops f.yaml#a..b', '!sops names an encrypted file'],
    ['!sops f.yaml#a[x]', '!sops names an encrypted file'],
    ['{ $secret: { env: A }, other: 1 }', '"$secret" stands alone'],
    ['{ $secret: A }', '"$secret" stands alone'],
    ['{ $secret: { file: A } }', '"$secret" stands alone'],
    ['{ $secret: { env: A, command: [x] } }', '"$secret" stands alone'],
    ['!vault x', 'ansible-vault'],
  ])('%s is a problem with its place', (text, message) => {
    const [problem, ...more] = problemsOf(HOSTS, { 'group_vars/dns.yaml': `x: 1\nv: ${text}\n` });
    expect(problem).toMatch(/^group_vars\/dns\.yaml:2 /);
    expect(problem).toContain(message);
    expect(more).toEqual([]);
  });

  it('do not quote what may be the secret itself', () => {
    const problems = problemsOf(HOSTS, { 'group_vars/dns.yaml': 'v: !env "my actual password!"\n' });
    expect(problems.join()).not.toContain('my actual password');
  });
});

describe('a file of sops', () => {
  it('gives secrets in the place of encrypted values, without being decrypted', () => {
    vi.stubEnv('PATH', '/nowhere');
    onTestFinished(() => void vi.unstubAllEnvs());
    const host = hostOf({ 'group_vars/dns.yaml': 'other: 1\nkea_password: plain\n', 'group_vars/dns.sops.yaml': SOPS });
    const { nested } = host.vars as { nested: { list: readonly [Secret, { other: Secret }] } };
    expect(host.vars['plain_unencrypted']).toBe('seen');
    expect(host.vars['other']).toBe(1);
    expect(host.vars['sops']).toBeUndefined();
    expect(sourceOf(host.vars['kea_password'])).toMatch(/^sops \/.*\/group_vars\/dns\.sops\.yaml#kea_password$/);
    expect(sourceOf(nested.list[0])).toMatch(/#nested\.list\[0\]$/);
    expect(sourceOf(nested.list[1].other)).toMatch(/#nested\.list\[1\]\.other$/);
  });

  it('is known by its content in a folder of vars, whatever its name', () => {
    const host = hostOf({ 'host_vars/ns1/main.yaml': 'x: 1\n', 'host_vars/ns1/vault.yaml': SOPS });
    expect(sourceOf(host.vars['kea_password'])).toContain('host_vars/ns1/vault.yaml');
  });

  it('that somebody saved in plain text is refused', () => {
    expect(problemsOf(HOSTS, { 'group_vars/dns.sops.yaml': 'kea_password: hunter2\n' })).toEqual([
      expect.stringMatching(
        /^group_vars\/dns\.sops\.yaml: is named as a file of sops and is not encrypted → Encrypt it/,
      ),
    ]);
  });

  it('beside another of the same name is still one too many', () => {
    const problems = problemsOf(HOSTS, { 'group_vars/dns.yaml': 'a: 1\n', 'group_vars/dns.yml': 'b: 1\n' });
    expect(problems.join()).toContain('are in two places');
  });
});

describe('whoever only looks', () => {
  it('sees (secret), as text and as JSON, in the lab as well', () => {
    const inventory = loadTree(HOSTS, {
      'group_vars/dns.yaml': 'v: { $secret: { env: A } }\nlist: [{ at: 192.0.2.9, k: !env B }]\n',
    });
    const networks = [{ inventory: '192.0.2.0/24', lab: '10.77.1.0/24' }];
    const connection = { address: '10.77.1.11', port: 22, user: 'core', identityFile: '/k', knownHostsFile: '/h' };
    const lab = mapInventory(inventory, networks, new Map([['ns1', connection]]));
    for (const one of [inventory, lab]) {
      const host = one.hosts.get('ns1') as Host;
      expect(showText(host).join('\n')).toMatch(/v +\(secret\)/);
      expect(JSON.stringify(showJson(host))).toContain('"v":{"value":"(secret)"');
      expect(inspect(host, { depth: null })).toContain('(secret)');
      expect(sourceOf(host.vars['v'])).toContain('A');
    }
  });
});

describe('-e', () => {
  it('takes the map form in JSON, also inside values', async () => {
    const vars = await parseExtraVars([
      '{"a":{"$secret":{"env":"A"}},"b":[{"c":{"$secret":{"command":["x","y"]}}}]}',
      'd={"$secret":{"sops":"/k.yaml#d"}}',
    ]);
    expect(sourceOf(vars['a'])).toContain('variable A');
    expect(sourceOf((vars['b'] as readonly Record<string, VarValue>[])[0]?.['c'])).toContain('command x');
    expect(sourceOf(vars['d'])).toBe('sops /k.yaml#d');
    await expect(parseExtraVars(['{"a":{"$secret":{"nope":"A"}}}'])).rejects.toThrow('"$secret" stands alone');
  });

  it('@FILE reads tags and files of sops', async () => {
    const dir = writeTree({ 'x.yaml': 'a: !env A\n', 'y.sops.yaml': SOPS });
    const vars = await parseExtraVars([`@${join(dir, 'x.yaml')}`, `@${join(dir, 'y.sops.yaml')}`]);
    expect(sourceOf(vars['a'])).toContain('variable A');
    expect(sourceOf(vars['kea_password'])).toBe(`sops ${join(dir, 'y.sops.yaml')}#kea_password`);
    writeFileSync(join(dirname(join(dir, 'x.yaml')), 'z.yaml'), 'a: !env 1x\n');
    await expect(parseExtraVars([`@${join(dir, 'z.yaml')}`])).rejects.toThrow(/z\.yaml: !env names/);
  });
});
