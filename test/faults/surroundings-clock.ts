/** A controller whose clock is wrong. Leases and deadlines are the hosts' own, in seconds since their boot: nothing may depend on it. */
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { basePath } from '../../src/lab/artifacts.ts';
import { thenNew } from './surroundings-common.ts';
import type { UpgradeCase, UpgradeEnd } from './upgrade-case.ts';
import type { Command, NodeStart } from './upgrade-command.ts';
import type { UpgradePair } from './upgrade-pair.ts';

const OFF_MS = 90_000;
const SLACK_MS = 15_000;
/** Else it stops at the first probe: it holds the time of the hosts against its own. */
const TOLERANT = ['-e', 'chrony_max_offset_ms=300000'];

export const CLOCK_CASES: readonly UpgradeCase[] = [
  {
    suite: 'wrong clock',
    name: '90 s slow: refused; if that is allowed, and it is 90 s fast in the middle: taken',
    withinMs: 500_000,
    run: (pair) => withClock(pair, jumps),
  },
  {
    suite: 'wrong clock',
    name: '90 s fast, then killed: the host goes back at its own deadline',
    withinMs: 500_000,
    run: (pair) => withClock(pair, diesFast),
  },
];

/** libfaketime reads the file at every question for the time. */
class FalseClock {
  readonly #dir = mkdtempSync(join(tmpdir(), 'coreos-infra-clock-'));

  set(shift: '-90s' | '+90s'): void {
    const next = join(this.#dir, 'next');
    writeFileSync(next, shift);
    renameSync(next, join(this.#dir, 'shift'));
  }

  /** By the loader and C library of the hosts' tree, which libfaketime there is made for; this machine's may be older. */
  get node(): NodeStart {
    const libraries = join(basePath(), 'root/usr/lib');
    const folder = readdirSync(libraries).find((name) => name.endsWith('-linux-gnu')) ?? '';
    const of = join(libraries, folder);
    const loader = readdirSync(of).find((name) => /^ld-linux.*\.so\.\d$/.test(name)) ?? '';
    return {
      words: [
        join(of, loader),
        '--library-path',
        of,
        '--preload',
        join(of, 'faketime/libfaketimeMT.so.1'),
        process.execPath,
      ],
      env: {
        FAKETIME_TIMESTAMP_FILE: join(this.#dir, 'shift'),
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    };
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

async function withClock(
  pair: UpgradePair,
  work: (pair: UpgradePair, clock: FalseClock) => Promise<UpgradeEnd>,
): Promise<UpgradeEnd> {
  const clock = new FalseClock();
  try {
    return await work(pair, clock);
  } finally {
    clock.remove();
  }
}

async function jumps(pair: UpgradePair, clock: FalseClock): Promise<UpgradeEnd> {
  const version = await pair.publish();
  clock.set('-90s');
  await refuses(pair, clock);
  const run = pair.upgradingBy(clock.node, ...TOLERANT);
  await expectOff(run, pair.first.name, 'staging', -OFF_MS);
  await run.step('soaking', pair.first.name);
  clock.set('+90s');
  await expectOff(run, pair.second.name, 'staging', OFF_MS);
  const { code, summary } = await run.ended;
  expect([code, ...pair.releases()], JSON.stringify(summary.hosts)).toEqual([0, version, version]);
  // Within its real time, whatever the clock on the wall says.
  expect(summary.durationMs).toBeLessThan(400_000);
  return { outcome: 'new', said: 'exit 0' };
}

/** Time is one of the services: who cannot tell whether it is right does not go on. */
async function refuses(pair: UpgradePair, clock: FalseClock): Promise<void> {
  const { code, summary } = await pair.upgradingBy(clock.node).ended;
  const { status, error } = summary.hosts[pair.first.name] ?? {};
  expect([code, status], JSON.stringify(summary.hosts)).toEqual([2, 'refused']);
  expect(error?.detail.join('\n')).toMatch(
    /its clock is (89|9\d)\.\d s ahead of this machine's, .*: one of the two is wrong/,
  );
}

async function diesFast(pair: UpgradePair, clock: FalseClock): Promise<UpgradeEnd> {
  const { first, second } = pair;
  const [old = ''] = pair.releases();
  await pair.publish();
  clock.set('+90s');
  const run = pair.upgradingBy(clock.node, ...TOLERANT, '--soak', '25s', '--within', '30s');
  await run.step('soaking', first.name);
  run.signal('SIGKILL');
  await run.ended;
  expect(first.slot, 'the trial goes on without a controller').toBe('applied');
  await pair.endsOn(first, old);
  expect(pair.running(second)).toBe(old);
  // Its leases run out; a controller with the right time takes both.
  return thenNew(pair, 'killed');
}

/** The lie is one: what the controller says now carries the wrong time. */
async function expectOff(run: Command, host: string, step: string, offMs: number): Promise<void> {
  let said = '';
  await run.seen((event) => {
    if (event.event !== 'host-step' || event.host !== host || event.step !== step) return false;
    said = event.at;
    return true;
  });
  const off = Date.parse(said) - Date.now();
  expect(Math.abs(off - offMs), `the controller is off by ${off} ms`).toBeLessThan(SLACK_MS);
}
