/** exec, copy, fetch and ssh against a real pair: sudo, locks, deadlines, a cut cable, a gigabyte of output. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/assets.ts';
import { type CommandResult, noLab, usePair } from './pair.ts';

interface HostDone {
  readonly status: string;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly error: { readonly code: string; readonly message: string } | null;
}

interface ExecJson extends CommandResult {
  readonly hosts: Readonly<Record<string, HostDone>>;
  readonly summary: { readonly event: string; readonly exit: number };
}

/** A program that is started, as it goes on: stdin, a signal at a word of its output, and the peak of its memory. */
interface StartOptions {
  readonly input?: Buffer;
  readonly interruptAt?: string;
  /** The second one half a second later. */
  readonly interruptTwice?: true;
  readonly onOutput?: (stdout: string) => void;
}

function start(
  args: readonly string[],
  { input, interruptAt, interruptTwice, onOutput }: StartOptions = {},
): Promise<CommandResult & { readonly peakMb: number }> {
  const child = spawn(process.execPath, [join(packageRoot(), 'dist/cli.js'), ...args], { cwd: packageRoot() });
  const output = { stdout: '', stderr: '' };
  let peakKb = 0;
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
      peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // it has ended
    }
  }, 20);
  let isInterrupted = false;
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(-4_000_000);
      onOutput?.(output.stdout);
      if (interruptAt === undefined || isInterrupted || !output.stdout.includes(interruptAt)) return;
      isInterrupted = true;
      child.kill('SIGINT');
      if (interruptTwice === true) setTimeout(() => child.kill('SIGINT'), 500);
    });
  }
  child.stdin.on('error', () => {}).end(input);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearInterval(look);
      resolve({ code: code ?? -1, ...output, peakMb: peakKb / 1024 });
    });
  });
}

/** A command that does not end when it is asked to. */
const DEAF = 'trap "" TERM; echo deaf; sleep 8';

describe.skipIf(noLab)('commands on a pair', () => {
  const pair = usePair();
  const dir = mkdtempSync(join(tmpdir(), 'coreos-infra-exec-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const target = (): readonly string[] => ['-i', pair().inventoryDir, '--lab-name', pair().labName];
  const exec = (...args: readonly string[]) => start(['exec', ...target(), ...args]);
  async function execJson(args: readonly string[], options: StartOptions = {}): Promise<ExecJson> {
    const result = await start(['exec', ...target(), '--json', ...args], options);
    const lines = result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const hosts = Object.fromEntries(
      lines.filter(({ event }) => event === 'host-done').map((line) => [line.host, line]),
    );
    return { ...result, hosts, summary: lines.at(-1) };
  }

  it('fold the same output, as user and as root', async () => {
    expect(await exec('-b', '--', 'id -un')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ns\[1-2\] \(2\) ─+\ncore\n$/),
    });
    expect(await exec('-b', '--sudo', '--', 'id', '-un')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ ─+\nroot\n$/),
    });
  });

  it('come with their host in front, stderr apart, and the worst exit code', async () => {
    const result = await exec('--', 'hostname; echo bad >&2; [[ $(hostname) == ns1 ]]');
    expect(result.code).toBe(2);
    expect(result.stdout.split('\n').toSorted()).toEqual(['', 'ns1: ns1', 'ns2: ns2']);
    expect(result.stderr).toContain('ns1: bad\n');
    expect(result.stderr).toContain('ns2  exit 1');
  });

  it('take script and stdin', async () => {
    writeFileSync(join(dir, 'script'), '#!/bin/bash\necho "$1"; sha256sum | cut -c1-64\n');
    const input = randomBytes(3_000_000);
    const { code, hosts } = await execJson(['--stdin', '--script', join(dir, 'script'), '--', 'a b'], { input });
    const sum = createHash('sha256').update(input).digest('hex');
    expect([code, hosts['ns1']?.stdout, hosts['ns2']?.stdout]).toEqual([0, `a b\n${sum}\n`, `a b\n${sum}\n`]);
  });

  it('are ended on the host at their deadline, also as root and also if they do not want to', async () => {
    const { code, hosts } = await execJson([
      '--sudo',
      '--timeout',
      '1',
      '--',
      'trap "" TERM; echo $$; while :; do sleep 3131; done',
    ]);
    expect(code).toBe(2);
    expect(hosts['ns1']).toMatchObject({
      status: 'timeout',
      stdout: expect.stringMatching(/^\d+\n$/),
      error: { code: 'E_COMMAND_TIMEOUT' },
    });
    expect((await exec('--', 'pgrep -f "sleep 313[1]"')).stdout).toBe('');
  });

  it('that a signal killed are told from those that ended', async () => {
    const { hosts } = await execJson(['-l', 'ns1', '--', 'kill -SEGV $$']);
    expect(hosts['ns1']).toMatchObject({ status: 'failed', code: 139 });
  });

  it('are ended by Ctrl-C, and what arrived is kept', async () => {
    const { code, hosts } = await execJson(['--sudo', '--', 'echo begun; exec sleep 3232'], {
      interruptAt: '"host":"ns2"',
    });
    expect(code).toBe(130);
    expect(hosts['ns2']).toMatchObject({
      status: 'interrupted',
      error: { message: 'the command was ended on the host' },
    });
    expect((await exec('--', 'pgrep -f "sleep 323[2]"')).stdout).toBe('');
  });

  it('given up by a second Ctrl-C leave their report and their line in the history', async () => {
    const report = join(dir, 'given-up.xml');
    // What ignores SIGTERM has said so before the first signal comes.
    const { code, stderr } = await start(
      ['exec', ...target(), '-l', 'ns1', '--timeout', '20', '--report', `junit=${report}`, '--', DEAF],
      { interruptAt: 'ns1: deaf', interruptTwice: true },
    );
    expect(code).toBe(130);
    expect(stderr).toContain('Given up at once: what was begun may still run on ns1 until its deadline');
    expect(readFileSync(report, 'utf8')).toMatch(/classname="exec.ns1"[\s\S]*type="E_ABORTED">given up at once/);
    const { stdout } = await start(['history', '--json', '--limit', '50']);
    const { runs } = JSON.parse(stdout) as { readonly runs: readonly { readonly args: readonly string[] }[] };
    expect(runs.find(({ args }) => args.includes(`junit=${report}`))).toMatchObject({
      outcome: 'interrupted',
      exit: 130,
      hosts: [{ host: 'ns1', status: 'interrupted' }],
    });
  });

  it('leave out a host in the middle of a change set, unless told otherwise', async () => {
    await pair().onHost(
      'ns1',
      `install -d -m 700 /var/lib/coreos-infra /var/lib/coreos-infra/open && cd /var/lib/coreos-infra/open && echo applied >state &&
       printf '%s\\0' format 1 id c0ffee run 7f3a owner 'admin at desk' kind config entries >manifest`,
    );
    try {
      for (const sudo of [[], ['--sudo']]) {
        const { code, hosts } = await execJson([...sudo, '--', 'echo ran']);
        expect(code).toBe(5);
        expect(hosts['ns1']).toMatchObject({ status: 'locked', stdout: '', error: { code: 'E_HOST_LOCKED' } });
        expect(hosts['ns1']?.error?.message).toContain(
          'change set c0ffee of admin at desk (run 7f3a), which is applied',
        );
        expect(hosts['ns2']).toMatchObject({ status: 'ok', stdout: 'ran\n' });
      }
      expect(await execJson(['--ignore-locks', '--', 'echo ran'])).toMatchObject({ code: 0 });
      await pair().onHost('ns1', 'echo confirmed >/var/lib/coreos-infra/open/state');
      expect(await execJson(['--', 'echo ran'])).toMatchObject({ code: 0 });
    } finally {
      await pair().onHost('ns1', 'rm -r /var/lib/coreos-infra/open');
    }
  });

  it('that print a gigabyte are kept in part, in little memory', async () => {
    const { code, peakMb, hosts } = await start([
      ...[
        'exec',
        ...target(),
        '--json',
        '-l',
        'ns1',
        '--timeout',
        '150',
        '--',
        'yes | head -c 1000000000; echo end; yes | head -c 200000000 >&2',
      ],
    ]).then((result) => ({ ...result, hosts: JSON.parse(result.stdout.split('\n').at(-3) ?? '{}') }));
    expect([code, hosts.status]).toEqual([0, 'ok']);
    expect(hosts.stdoutCut).toEqual({ afterBytes: 1024 * 1024, bytes: 1_000_000_004 - 1024 * 1024 - 64 * 1024 });
    expect(hosts.stdout.endsWith('y\nend\n')).toBe(true);
    expect(hosts.stderrCut).toMatchObject({ bytes: 200_000_000 - 1024 * 1024 - 64 * 1024 });
    process.stderr.write(`peak memory for a gigabyte of output: ${peakMb.toFixed(0)} MB\n`);
    expect(peakMb).toBeLessThan(200);
  });

  it('name a host that stops answering, and do not wait for it longer than the deadline', async () => {
    let cut: Promise<unknown> | undefined;
    const onOutput = (stdout: string): void => {
      if (stdout.includes('"host-started"') && /host-started[^\n]*"ns2"/.test(stdout))
        cut ??= pair().command('lab', 'cut', '--lab-name', pair().labName, 'ns2');
    };
    try {
      const { code, hosts } = await execJson(['--timeout', '4', '--', 'sleep 3; echo done'], { onOutput });
      expect(hosts['ns1']).toMatchObject({ status: 'ok', stdout: 'done\n' });
      expect(hosts['ns2']).toMatchObject({ status: 'timeout', code: null });
      expect(code).toBe(2);
      const away = await execJson(['--', 'echo ran']);
      expect(away).toMatchObject({ code: 4, hosts: { ns1: { status: 'ok' }, ns2: { status: 'unreachable' } } });
    } finally {
      await cut;
      await pair().command('lab', 'heal', '--lab-name', pair().labName, 'ns2');
    }
  });

  it('have files: 20 MB of anything, under a hostile name, there and back', async () => {
    const name = 'we ird\'\n$(touch x)`"*ł.bin';
    const content = randomBytes(20 * 1024 * 1024);
    writeFileSync(join(dir, name), content, { mode: 0o640 });
    const copied = await start(['copy', ...target(), join(dir, name), '.']);
    expect(copied.code, copied.stderr).toBe(0);
    expect((await start(['copy', ...target(), join(dir, name), '.'])).stderr).toContain('ns[1-2]  as it was');
    const fetched = await start(['fetch', ...target(), name, join(dir, 'got')]);
    expect(fetched.code, fetched.stderr).toBe(0);
    for (const host of ['ns1', 'ns2']) {
      expect(readdirSync(join(dir, 'got', host))).toEqual([name]);
      expect(readFileSync(join(dir, 'got', host, name)).equals(content)).toBe(true);
      expect(statSync(join(dir, 'got', host, name)).mode & 0o777).toBe(0o640);
    }
    expect((await exec('-l', 'ns1', '--', 'ls -A | grep -c coreos-infra-copy')).stdout).toBe('ns1: 0\n');
  });

  it('keep the owner of a file that is replaced as root, and leave nothing behind where it cannot be written', async () => {
    await pair().onHost('ns1', 'echo old >/etc/exec-test && chown core:core /etc/exec-test');
    writeFileSync(join(dir, 'new'), 'new\n');
    const refused = await start(['copy', ...target(), '-l', 'ns1', join(dir, 'new'), '/etc/exec-test']);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing may be written in /etc (--sudo?)'),
    });
    expect(
      await start(['copy', ...target(), '-l', 'ns1', '--sudo', '--mode', '0600', join(dir, 'new'), '/etc/exec-test']),
    ).toMatchObject({ code: 0 });
    expect(
      await pair().onHost(
        'ns1',
        "stat -c '%U %a' /etc/exec-test; cat /etc/exec-test; ls -A /etc | grep -c coreos-infra-copy || :",
      ),
    ).toBe('core 600\nnew\n0');
  });

  it('have a terminal of their own by ssh, whose exit code is passed on', async () => {
    const ssh = (...args: readonly string[]) => start(['ssh', ...target(), 'ns1', '--', ...args]);
    expect(await ssh('echo', '$HOME', "it's")).toMatchObject({ code: 0, stdout: "$HOME it's\n" });
    expect(await ssh('hostname; exit 7')).toMatchObject({ code: 7, stdout: 'ns1\n' });
    expect(await start(['ssh', ...target(), 'dns'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('2 hosts'),
    });
  });
});
