/** The command on a host, run by a real shell: what is run, what comes back, and how it ends. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HostOutcome } from '../../../src/exec/events.ts';
import { type Program, programOf, programOfScript, runCommand } from '../../../src/exec/remote-command.ts';
import { type ExecRequest, runExec } from '../../../src/exec/run-exec.ts';
import { fleet } from './local-host.ts';

const request = (program: Program, over: Partial<ExecRequest> = {}): ExecRequest => ({
  program,
  argv: program.argv,
  timeoutSec: 20,
  input: () => undefined,
  keeps: true,
  ...over,
});

async function one(words: readonly string[], over: Partial<ExecRequest> = {}): Promise<HostOutcome> {
  const [outcome] = await runExec(fleet(['ns1']), request(programOf(words), over));
  if (outcome === undefined) throw new Error('no outcome');
  return outcome;
}

describe('a command', () => {
  it('of several words is run exactly as it stands', async () => {
    const words = ['printf', '%s|', '$HOME', "it's", 'a  b', '*', '', 'x\ny', '-n', 'ł\u0007'];
    expect((await one(words)).stdout.head.toString()).toBe(`${words.slice(2).join('|')}|`);
  });

  it('of one word is a line for bash', async () => {
    const { status, code, stdout, stderr } = await one(['[[ a == a ]] && echo $((6*7)) | tr 4 5; echo no >&2; exit 3']);
    expect([status, code, stdout.head.toString(), stderr.head.toString()]).toEqual(['failed', 3, '52\n', 'no\n']);
  });

  it('gives its bytes unchanged', async () => {
    const { stdout } = await one(['cat', '/proc/self/exe']);
    expect(stdout.totalBytes).toBe(readFileSync('/bin/cat').length);
  });

  it('that does not exist ends with 127 and the words of the host', async () => {
    const { status, code, stderr } = await one(['no-such-program', 'x']);
    expect([status, code]).toEqual(['failed', 127]);
    expect(stderr.head.toString()).toContain('no-such-program');
  });

  it('is ended on the host at its deadline, and keeps what it said', async () => {
    const { status, error, stdout } = await one(['echo begun; sleep 30'], { timeoutSec: 1 });
    expect([status, error?.code, stdout.head.toString()]).toEqual(['timeout', 'E_COMMAND_TIMEOUT', 'begun\n']);
  });

  it('that ends with 124 by itself was not late', async () => {
    expect(await one(['exit 124'])).toMatchObject({ status: 'failed', code: 124, error: null });
  });

  it('cannot pass itself off as one of our signs', async () => {
    const { status, stderr } = await one(["printf '\\0360123456789abcdef slot a b c d 1\\n' >&2"]);
    expect([status, stderr.head.toString()]).toEqual(['ok', '\x1e0123456789abcdef slot a b c d 1\n']);
  });
});

describe('the login shell’s ~/.bashrc', () => {
  it('is read once for each host, whatever we start after it', () => {
    const home = mkdtempSync(join(tmpdir(), 'coreos-infra-home-'));
    try {
      writeFileSync(join(home, '.bashrc'), 'echo read >>~/times; export FROM_RC=yes\n');
      const script = Buffer.from('#!/bin/bash\necho "$FROM_RC"\n');
      for (const [program, input] of [
        [programOf(['echo "$FROM_RC"']), ''],
        [programOf(['printenv', 'FROM_RC']), ''],
        [programOfScript(script, []), script],
      ] as const) {
        const command = runCommand(program, { nonce: 'n', sudo: false, ignoresLocks: true, timeoutSec: 9 });
        // As sshd starts it: the user's shell, with SSH_CLIENT.
        const env = { PATH: process.env['PATH'], HOME: home, SSH_CLIENT: '192.0.2.1 5 22' };
        const { stdout } = spawnSync('/bin/bash', ['-c', command], { env, input, encoding: 'utf8' });
        expect([stdout, readFileSync(join(home, 'times'), 'utf8')]).toEqual(['yes\n', 'read\n']);
        rmSync(join(home, 'times'));
      }
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});

describe('stdin', () => {
  it('is what it was given, and else closed', async () => {
    const bytes = Buffer.alloc(300_000, 'é');
    expect((await one(['wc', '-c'], { input: () => bytes })).stdout.head.toString().trim()).toBe('300000');
    expect((await one(['wc', '-c'])).stdout.head.toString().trim()).toBe('0');
  });

  it('after a script is the script’s own', async () => {
    const script = Buffer.from(
      `#!/bin/bash -e\necho "$# $2"\nread -r line\necho "got $line"\n${'# padding\n'.repeat(20_000)}cat\n`,
    );
    const program = programOfScript(script, ['a', 'b c']);
    const input = () => Buffer.concat([script, Buffer.from('first\nsecond\n')]);
    const [outcome] = await runExec(fleet(['ns1']), request(program, { input }));
    expect(outcome).toMatchObject({ status: 'ok' });
    expect(outcome?.stdout.head.toString()).toBe('2 b c\ngot first\nsecond\n');
  });

  it('that lost the end of a script runs nothing of it', async () => {
    const script = Buffer.from('echo ran\nexit 0\n');
    const [outcome] = await runExec(
      fleet(['ns1']),
      request(programOfScript(script, []), { input: () => script.subarray(0, 9) }),
    );
    expect(outcome).toMatchObject({ status: 'failed', code: null, error: { code: 'E_TRANSFER' } });
    expect(outcome?.stdout.totalBytes).toBe(0);
  });
});

describe('many hosts', () => {
  it('each have an outcome, whatever became of them', async () => {
    const outcomes = await runExec(fleet(['ns1', 'down1', 'ns2']), request(programOf(['echo x'])));
    expect(outcomes.map(({ host, status }) => [host, status])).toEqual([
      ['ns1', 'ok'],
      ['down1', 'unreachable'],
      ['ns2', 'ok'],
    ]);
  });

  it('are told about as events: begun, output, done', async () => {
    const run = fleet(['ns1']);
    await runExec(run, request(programOf(['echo x']), { keeps: false }));
    // stdout and stderr, with its sign of the start, are two pipes: either may be read first.
    expect(run.events.map(({ event }) => event).toSorted()).toEqual([
      'exec-done',
      'exec-started',
      'host-done',
      'host-started',
      'output',
    ]);
    expect(run.events.find((event) => event.event === 'host-done')).toMatchObject({
      outcome: { stdout: { totalBytes: 0 } },
    });
  });
});

describe('an interrupted run', () => {
  it('ends what runs, keeps what it said, and begins nothing more', async () => {
    const controller = new AbortController();
    const run = fleet(['ns1', 'ns2'], { signal: controller.signal, forks: 1 });
    const emit = (event: { readonly event: string }) => {
      if (event.event === 'output') controller.abort();
    };
    const outcomes = await runExec(
      { ...run, emit },
      request(programOf(['echo begun; exec sleep 300']), { endMs: 60_000 }),
    );
    expect(outcomes).toMatchObject([
      { status: 'interrupted', error: { message: 'the command was ended on the host' } },
      { status: 'interrupted', error: { message: 'not begun' } },
    ]);
    expect(outcomes[0]?.stdout.head.toString()).toBe('begun\n');
  });
});
