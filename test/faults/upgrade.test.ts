/**
 * Everything that can happen to an OS upgrade on real hosts: each kind of bad release, a controller that dies at every state, cut cables,
 * power cuts, other people's work. Whatever happens: never both down, every host on the new release or back on the old one, and the next
 * run finds its way. Minutes for each case: only with COREOS_INFRA_SWEEP=full.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/assets.ts';
import { type CommandResult, noLab, type Pair, type RunResult, usePair } from '../lab/pair.ts';

const isFull = process.env['COREOS_INFRA_SWEEP'] === 'full';
const skipped = noLab ?? (isFull ? undefined : 'upgrades are broken at every state only with COREOS_INFRA_SWEEP=full');
if (skipped !== undefined) process.stderr.write(`faults of upgrades: skipped: ${skipped}\n`);

const QUICK = ['--soak', '4s', '-e', 'upgrade_check_after=6s', '-e', 'upgrade_reboot_within=90s'];
const CASE_MS = 600_000;

describe.skipIf(skipped !== undefined)('an upgrade', { timeout: CASE_MS }, () => {
  const pair = usePair();
  let month = 0;
  let deployed = false;

  const lab = async (...args: readonly string[]): Promise<CommandResult> => {
    const result = await pair().command('lab', ...args, '--lab-name', pair().labName);
    if (result.code !== 0) throw new Error(`lab ${args.join(' ')} ended ${result.code}: ${result.stderr}`);
    return result;
  };
  /** Always the newest: what was published last is the tip. */
  const publish = async (...args: readonly string[]): Promise<string> => {
    if (!deployed) expect((await pair().run('deploy-dns')).code).toBe(0);
    deployed = true;
    const version = `44.2027${String(++month).padStart(4, '0')}.3.0`;
    await lab('publish', version, ...args);
    return version;
  };
  const upgrade = (...args: readonly string[]): Promise<RunResult> => pair().run('upgrade', ...QUICK, ...args);

  /** A good release is on both, and nothing is left of what went before. */
  const heals = async (): Promise<void> => {
    const version = await publish();
    const { code, summary } = await upgrade();
    expect([code, await booted(pair())], JSON.stringify(summary.hosts)).toEqual([0, [version, version]]);
    await expectClean(pair());
  };
  afterAll(async () => {
    if (skipped === undefined && deployed) await expectClean(pair());
  });

  test.each([
    ['dns', 'its checks were red', true],
    ['podman', 'its checks were red', true],
    ['flapping', 'its checks were red', true],
    ['ssh', 'nobody confirmed it in time', false],
    ['finalize', 'went back from', false],
  ])('to a release with a broken %s goes back on the first host and spares the second', async (how, words, denies) => {
    const before = await booted(pair());
    const bad = await publish('--break', how);
    const old = before[0] === '' ? undefined : await booted(pair());
    const { code, summary } = await upgrade(
      '--within',
      '45s',
      ...(how === 'flapping' ? ['--soak', '40s', '--within', '90s'] : []),
    );
    expect(code, JSON.stringify(summary.hosts)).toBe(2);
    expect(summary.hosts['ns2']).toMatchObject({ status: 'reverted' });
    expect(summary.hosts['ns2']?.error?.message).toContain(words);
    expect(summary.hosts['ns1']?.status).toBe('skipped');
    expect(await booted(pair())).toEqual(old);
    expectServed(summary);
    const again = await upgrade('--check');
    expect(again.code).toBe(denies ? 2 : 0);
    if (denies) expect(again.summary.error?.message).toContain(bad);
    await expectClean(pair());
  });

  test('to a release that is slow to boot is waited for', async () => {
    const version = await publish('--break', 'slow-boot', '--seconds', '30');
    const { code, summary } = await upgrade();
    expect([code, await booted(pair())], JSON.stringify(summary.hosts)).toEqual([0, [version, version]]);
    expectServed(summary);
  });

  test('to a release that never comes up says what to do at the console; a reset brings the old one back', async () => {
    const old = await booted(pair());
    await publish('--break', 'boot');
    const { code, summary } = await upgrade('-e', 'upgrade_reboot_within=25s', '--within', '20s');
    expect(code, JSON.stringify(summary.hosts)).toBe(3);
    expect(summary.hosts['ns2']).toMatchObject({ status: 'unknown', error: { code: 'E_HOST_STUCK' } });
    expect(summary.hosts['ns2']?.error?.remedy).toContain('console');
    expect((await booted(pair(), ['ns1']))[0]).toBe(old[0]);
    for (let resets = 0; resets < 3 && !(await isUp(pair(), 'ns2')); resets++) {
      await pair().command('lab', 'crash', 'ns2', '--lab-name', pair().labName);
      await isUp(pair(), 'ns2', 60_000);
    }
    await upgrade('--abort');
    expect(await booted(pair())).toEqual(old);
    await expectClean(pair());
  });

  test.each(['checking', 'opening', 'staging', 'draining', 'rebooting', 'verifying', 'soaking', 'confirming'])(
    'whose controller is killed while %s is taken up by --resume',
    async (step) => {
      const version = await publish();
      await killedAt(pair(), step);
      const { code, summary } = await upgrade('--resume');
      const rest = code === 1 ? await upgrade() : { code, summary };
      expect([rest.code, await booted(pair())], JSON.stringify(rest.summary.hosts)).toEqual([0, [version, version]]);
      await expectClean(pair());
    },
  );

  test.each(['staging', 'rebooting', 'soaking'])(
    'whose controller is killed while %s, and never comes back, ends by itself',
    async (step) => {
      const old = await booted(pair());
      await publish();
      await killedAt(pair(), step, '--within', '30s');
      await until(
        async () =>
          (await isUp(pair(), 'ns2')) &&
          (await pair().onHost('ns2', 'ls -d /var/lib/coreos-infra/open 2>/dev/null || :')) === '',
      );
      expect(await booted(pair())).toEqual(old);
      // Nothing speaks against the release.
      await heals();
    },
  );

  test.each(['staging', 'soaking'])('that is interrupted while %s ends the host at work safely', async (step) => {
    await publish();
    const { code, summary } = await signalledAt(pair(), step, 'SIGINT');
    expect(code, JSON.stringify(summary.hosts)).toBe(130);
    expect(summary.hosts['ns2']?.status).toBe(step === 'staging' ? 'skipped' : 'changed');
    expect(summary.hosts['ns1']?.status).toBe('skipped');
    await expectClean(pair());
    await heals();
  });

  test.each(['staging', 'soaking'])(
    'during which the cable is pulled while %s ends on one of the two releases',
    async (step) => {
      const version = await publish();
      const old = await booted(pair());
      const run = started(pair(), '--within', '40s');
      await run.seen(step);
      await lab('cut', 'ns2');
      await new Promise((resolve) => setTimeout(resolve, 15_000));
      await lab('heal', 'ns2');
      const { summary } = await run.ended;
      expect(['changed', 'reverted', 'failed', 'unreachable']).toContain(summary.hosts['ns2']?.status);
      expect([old[1], version]).toContain((await booted(pair()))[1]);
      expectServed(summary);
      await heals();
    },
  );

  test.each(['staging', 'soaking'])('during which the power is cut while %s ends on the old release', async (step) => {
    const old = await booted(pair());
    await publish();
    const run = started(pair(), '--within', '40s');
    await run.seen(step);
    await lab('crash', 'ns2');
    const { code, summary } = await run.ended;
    expect(code, JSON.stringify(summary.hosts)).not.toBe(0);
    await until(async () => (await isUp(pair(), 'ns2')) && (await booted(pair(), ['ns2']))[0] === old[1]);
    expectServed(summary);
    await heals();
  });

  test('leaves what somebody else has staged alone', async () => {
    await publish();
    await pair().onHost('ns2', 'systemctl stop zincati; rpm-ostree upgrade --bypass-driver');
    const { code, summary } = await upgrade();
    expect([code, summary.hosts['ns2']?.error?.code]).toEqual([2, 'E_NOT_UPGRADABLE']);
    await pair().onHost('ns2', 'rpm-ostree cleanup -p');
    await heals();
  });
});

/** Never both away: a client that knows both lost nothing. */
function expectServed({ availability }: RunResult['summary']): void {
  const group = availability?.['dns']?.['group'];
  if (group !== undefined) expect(group.answered).toBe(group.asked);
}

async function booted(pair: Pair, hosts: readonly string[] = ['ns1', 'ns2']): Promise<readonly string[]> {
  return Promise.all(hosts.map((host) => pair.onHost(host, '. /etc/os-release; echo "$OSTREE_VERSION"')));
}

async function expectClean(pair: Pair): Promise<void> {
  for (const host of ['ns1', 'ns2']) {
    expect(await pair.onHost(host, 'ls -d /var/lib/coreos-infra/open 2>/dev/null || :'), host).toBe('');
    expect(
      await pair.onHost(
        host,
        'ostree admin status --json | jq -r ".deployments[] | select(.pinned or .staged) | .checksum"',
      ),
      host,
    ).toBe('');
  }
}

async function isUp(pair: Pair, host: string, withinMs = 0): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      await pair.onHost(host, 'systemctl is-system-running --wait || :');
      return true;
    } catch {
      if (Date.now() >= deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

async function until(holds: () => Promise<boolean>, withinMs = 240_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    if (await holds().catch(() => false)) return;
    if (Date.now() > deadline) throw new Error('it did not come to that in time');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

interface Started {
  seen(step: string): Promise<void>;
  readonly ended: Promise<{ readonly code: number; readonly summary: RunResult['summary'] }>;
  kill(signal: NodeJS.Signals): void;
}

/** The command in a process of its own, to be hurt. */
function started(pair: Pair, ...args: readonly string[]): Started {
  const words = ['upgrade', '-i', pair.inventoryDir, '--lab', '--lab-name', pair.labName, '--json', ...QUICK, ...args];
  const child = spawn(process.execPath, [join(packageRoot(), 'dist/cli.js'), ...words], {
    cwd: packageRoot(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    output += text;
  });
  const closed = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  return {
    seen: (step) => until(async () => output.includes(`"step":"${step}"`)),
    ended: closed.then((code) => {
      const last = output.trim().split('\n').at(-1) ?? '{}';
      return { code, summary: JSON.parse(last) as RunResult['summary'] };
    }),
    kill: (signal) => child.kill(signal),
  };
}

/** As by the OOM killer; the leases that are left run out. */
async function killedAt(pair: Pair, step: string, ...args: readonly string[]): Promise<void> {
  const run = started(pair, ...args);
  await run.seen(step);
  run.kill('SIGKILL');
  await run.ended.catch(() => {});
}

async function signalledAt(
  pair: Pair,
  step: string,
  signal: NodeJS.Signals,
): Promise<{ readonly code: number; readonly summary: RunResult['summary'] }> {
  const run = started(pair);
  await run.seen(step);
  run.kill(signal);
  return run.ended;
}
