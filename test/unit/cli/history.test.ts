/** The history from the command line: what is recorded without a host, and that nothing about it ever fails a run. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../../../src/assets.ts';
import { openDatabase } from '../../../src/store/database.ts';
import type { RunLine } from '../../../src/store/record.ts';

let project = '';
let state = '';

beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), 'coreos-infra-history-'));
  project = join(dir, 'dns');
  state = join(dir, 'state');
  mkdirSync(join(project, 'inventory'), { recursive: true });
  // Port 9 of this machine: nobody answers, at once.
  writeFileSync(
    join(project, 'inventory/hosts.yaml'),
    'all: { hosts: { ns1: { ansible_host: 127.0.0.1, ansible_port: 9 } } }\n',
  );
});

afterEach(() => rmSync(join(project, '..'), { recursive: true, force: true }));

function run(...args: readonly string[]): {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(packageRoot(), 'dist/cli.js'), ...args], {
    cwd: project,
    env: { ...process.env, XDG_STATE_HOME: state, NO_COLOR: '1' },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

const runs = (...filter: readonly string[]): readonly RunLine[] =>
  (JSON.parse(run('history', '--json', ...filter).stdout) as { readonly runs: readonly RunLine[] }).runs;

const databaseFile = (): string =>
  join(state, 'coreos-infra', readdirSync(join(state, 'coreos-infra'))[0] ?? '', 'history.db');

/** Unreachable; or failed, on a machine whose user has no ssh key. */
const BAD = [2, 4];

describe('a command', () => {
  test('is recorded with who, how and with what end, its secrets left out', { timeout: 60_000 }, () => {
    const { code } = run('exec', '-e', 'api_key=hunter2', '--', 'app', '--password', 'hunter2');
    expect(BAD).toContain(code);
    const [found] = runs('--failed', '--host', 'ns1', '--since', '1h');
    expect(found).toMatchObject({
      command: 'exec',
      args: ['exec', '-e', 'api_key=********', '--', 'app', '--password', '********'],
      outcome: expect.stringMatching(/^(?:unreachable|failed)$/),
      exit: code,
      hosts: [{ host: 'ns1', status: expect.stringMatching(/^(?:unreachable|failed)$/) }],
    });
    const shown = run('history', 'show', found?.id.slice(0, 3) ?? '');
    expect(shown.stdout).toMatch(/exec · run [0-9a-f]{6} · ✖ (?:unreachable|failed)/);
    expect(readFileSync(databaseFile()).includes('hunter2')).toBe(false);
    expect(run('history', 'prune', '--older-than', '0min', '--keep', '0').stdout).toBe(
      '1 run taken out of the history.\n',
    );
    expect(run('history').stdout).toBe('The history is empty.\n');
  });

  test('ends as it would without a history: damaged, newer, or in no folder', { timeout: 60_000 }, async () => {
    const command = ['exec', '--', 'true'];
    const first = run(...command);
    expect(BAD).toContain(first.code);
    expect(first.stderr).not.toContain('history');
    const newer = await openDatabase(databaseFile());
    newer.run('PRAGMA user_version = 99');
    newer.close();
    expect(run(...command)).toMatchObject({
      code: first.code,
      stderr: expect.stringMatching(/this run is not in the history:.*newer version/),
    });
    expect(run('history')).toMatchObject({ code: 1, stderr: expect.stringContaining('Use that version') });
    const dir = join(databaseFile(), '..');
    rmSync(dir, { recursive: true });
    mkdirSync(dir);
    writeFileSync(join(dir, 'history.db'), 'no database at all'.repeat(300));
    expect(run(...command)).toMatchObject({ code: first.code, stderr: expect.stringContaining('put the file aside') });
    rmSync(state, { recursive: true });
    writeFileSync(state, 'a file in the place of the folder');
    const { code, stderr } = run(...command);
    expect(code).toBe(first.code);
    expect(stderr.match(/not in the history/g)).toHaveLength(1);
  });

  test('has reports for CI, also when it did not come to its hosts; a file that cannot be written is told before', {
    timeout: 60_000,
  }, () => {
    const file = (name: string): string => readFileSync(join(project, name), 'utf8');
    const reports = ['--report', 'junit=a.xml', '--report', 'markdown=a.md'];
    const { code } = run('exec', ...reports, '--', 'app', '--password', 'hunter2');
    expect(BAD).toContain(code);
    expect(file('a.xml')).toMatch(/<testcase name="exec" classname="exec.ns1"[\s\S]*<(?:error|failure) /);
    expect(file('a.md')).toMatch(/<code>exec<\/code> [\s\S]*<code>ns1<\/code> \| (?:unreachable|failed)/);
    expect(file('a.md')).not.toContain('hunter2');
    writeFileSync(join(project, 'motd'), 'hello\n');
    expect(run('copy', '--json', '-l', 'ns9', '--report', 'junit=b.xml', 'motd', '/tmp').code).toBe(1);
    expect(file('b.xml')).toMatch(/errors="1"[\s\S]*type="E_PATTERN_UNKNOWN"/);
    expect(runs()).toHaveLength(1);
    expect(run('fetch', '--report', 'junit=nowhere/x.xml', '/etc/motd', 'got')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Give a file in a folder that is there'),
    });
    const refused = JSON.parse(run('exec', '--json', '-l', 'ns9', '--', 'true').stdout.trimEnd());
    expect(refused).toMatchObject({
      event: 'summary',
      exit: 1,
      hosts: {},
      error: { code: 'E_PATTERN_UNKNOWN' },
    });
  });

  test('that only looks, or only helps, makes no history', () => {
    run('--help');
    run('history', '--help');
    run('inventory', 'list');
    expect(existsSync(state)).toBe(false);
  });
});

describe('a playbook', () => {
  test('tells those whom the inventory names, wherever its var stands; a wrong entry ends it before', {
    timeout: 60_000,
  }, () => {
    mkdirSync(join(project, 'playbooks'));
    writeFileSync(
      join(project, 'playbooks/deploy.ts'),
      "import { definePlaybook } from 'coreos-infra';\nexport default definePlaybook({ name: 'deploy', hosts: 'all', roles: [] });\n",
    );
    const sendmail = join(project, 'sendmail');
    writeFileSync(sendmail, `#!/bin/sh\ncat >>'${project}/mail'\n`, { mode: 0o755 });
    const entry = `{ mail: [ops@example.com], sendmail: '${sendmail}' }`;
    mkdirSync(join(project, 'inventory/group_vars'));
    const vars = join(project, 'inventory/group_vars/all.yaml');
    writeFileSync(vars, `notify: [${entry}]\n`);
    expect(BAD).toContain(run('deploy').code);
    const [head = '', body = ''] = readFileSync(join(project, 'mail'), 'latin1').split('\r\n\r\n');
    expect(head).toMatch(/^To: ops@example.com\r\n/);
    expect(Buffer.from(body, 'base64').toString()).toMatch(/^deploy (?:failed|unreachable): ns1/);
    const [{ id = '' } = {}] = runs('--playbook', 'deploy');
    expect(run('history', 'show', id).stdout).toContain('told');
    rmSync(join(project, 'mail'));
    expect(BAD).toContain(run('deploy', '--check').code);
    expect(existsSync(join(project, 'mail'))).toBe(false);
    writeFileSync(vars, `notify: [${entry.replace('mail', 'mial')}]\n`);
    expect(run('deploy')).toMatchObject({ code: 1, stderr: expect.stringMatching(/all\.yaml:1[\s\S]*mial/) });
    expect(run('inventory', 'check')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/all\.yaml:1[\s\S]*mial/),
    });
  });
});

describe('wrong words', () => {
  test.each([
    [['history', '--since', 'soon'], 'this is no time'],
    [['history', 'show', 'zzz'], 'there is no run zzz'],
    [['history', 'prune', '--older-than', '2026-02-30'], 'this is no time'],
    [['status', '--json', '--prometheus'], 'cannot be used with'],
    [['schedule', 'add', 'A B', '--on-calendar', 'daily', '--', 'status'], 'cannot be the name of a schedule'],
    [['schedule', 'add', 'x', '--on-calendar', 'daily', '--', 'no-such-playbook'], 'no-such-playbook'],
    [['schedule', 'add', 'x', '--', 'status'], '--on-calendar'],
  ])('%j end with 1 and what to do', (words, message) => {
    const { code, stderr } = run(...words);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});
