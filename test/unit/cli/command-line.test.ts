/** The command as a process: usage errors, help, and what --json promises, without any host. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assetPath } from '../../../src/assets.ts';

let dir: string;

function run(...args: readonly string[]): {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const environment = { ...process.env, NO_COLOR: '1', COREOS_INFRA_LAB: '', XDG_CACHE_HOME: join(dir, '.cache') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [assetPath('dist/cli.js'), ...args], {
    cwd: dir,
    encoding: 'utf8',
    env: environment,
  });
  return { code: status, stdout, stderr };
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'coreos-infra-cli-'));
  cpSync(assetPath('src/cli/init-template'), dir, { recursive: true });
  writeFileSync(join(dir, 'playbooks/broken.ts'), 'export default definePlaybook({ name: "broken",, });\n');
  writeFileSync(
    join(dir, 'playbooks/run.ts'),
    "import { definePlaybook } from 'coreos-infra';\nexport default definePlaybook({ name: 'run', hosts: 'all', roles: [] });\n",
  );
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('help names playbooks with their first line, and commands', () => {
  const { code, stdout } = run('--help');
  expect(code).toBe(0);
  expect(stdout).toMatch(/deploy-dns +Our resolvers: CoreDNS with the zones/);
  expect(stdout).toMatch(/^ {2}inventory /m);
  expect(stdout).toContain("playbooks/run.ts cannot be run: 'run' is the name of a command.");
});

test('help of a playbook names its options', () => {
  expect(run('help', 'deploy-dns')).toMatchObject({ code: 0, stdout: expect.stringContaining('--limit <pattern>') });
  expect(run('deploy-dns', '--help').stdout).toBe(run('help', 'deploy-dns').stdout);
});

test('a start without words is not a success', () => {
  expect(run().code).toBe(1);
});

test.each([
  [['deploy-dsn'], "did you mean 'deploy-dns'?"],
  [['deploy-dns', '--limt', 'ns1'], "unknown option '--limt' (Did you mean --limit?)"],
  [['deploy-dns', '--forks', 'many'], 'Give a whole number, 1 or more.'],
  [['deploy-dns', '--confirm-within', '4'], 'Give a whole number, 5 or more.'],
  [['deploy-dns', 'ns1'], 'too many arguments'],
  [['deploy-dns', '-l', 'ns3', '--list-hosts'], 'ns3'],
  [['deploy-dns', '-i', 'nowhere'], 'nowhere'],
  [['deploy-dns', '-e', 'coredns_cahe=30'], 'coredns_cache'],
  [['broken'], 'broken.ts:1:'],
  [['run'], "cannot be called 'run'"],
  [['help', 'nothing'], "'nothing'"],
])('%j ends 1, says %s, and that no host was touched', (args, text) => {
  const { code, stdout, stderr } = run(...args);
  expect(stderr).toContain(text);
  expect(stderr).toContain('No host was touched.');
  expect(code).toBe(1);
  expect(stdout).toBe('');
});

test.each([
  [['deploy-dns', '--limt', 'x']],
  [['broken']],
  [['no-such-playbook']],
  [['deploy-dns', '-i', 'nowhere']],
  [['rollback']],
  [['reboot']],
  [['revert', 'ns1']],
])('%j with --json is one line of summary with the error', (args) => {
  const { code, stdout } = run(...args, '--json');
  expect(code).toBe(1);
  expect(stdout.split('\n')).toHaveLength(2);
  expect(JSON.parse(stdout)).toMatchObject({
    event: 'summary',
    at: expect.any(String),
    run: expect.stringMatching(/^[0-9a-f]{4,}$/),
    playbook: args[0],
    status: 'failed',
    hosts: {},
    error: { code: expect.stringMatching(/^E_/), remedy: expect.any(String) },
  });
});

test('options may stand before the playbook', () => {
  expect(run('-l', 'ns1', '--list-hosts', 'deploy-dns')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/ {2}ns1\n$/),
  });
});

test('a wrong inventory is told with file and line', () => {
  const inventory = join(dir, 'wrong');
  mkdirSync(inventory);
  writeFileSync(join(inventory, 'hosts.yaml'), 'all:\n  hosts:\n    ns1: { address: 192.0.2.300 }\n');
  const { code, stderr } = run('deploy-dns', '-i', inventory);
  expect(code).toBe(1);
  expect(stderr).toMatch(/wrong\/hosts\.yaml:3/);
});

test('a reader that goes away does not make a stack trace', () => {
  const { stderr } = spawnSync('bash', ['-c', `"${process.execPath}" "${assetPath('dist/cli.js')}" --help | true`], {
    cwd: dir,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
});
