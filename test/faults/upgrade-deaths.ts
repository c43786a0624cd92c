/** What dies or is interrupted while a good release is taken: the controller, its cable, the host's power, the user's patience. */
import { expect } from 'vitest';
import type { UpgradeCase, UpgradeEnd } from './upgrade-case.ts';
import type { Command, Ended } from './upgrade-command.ts';
import type { UpgradePair } from './upgrade-pair.ts';

/** As the controller says them; of each host, in this order. */
const STEPS = [
  'checking',
  'opening',
  'staging',
  'draining',
  'rebooting',
  'verifying',
  'soaking',
  'confirming',
] as const;
type Step = (typeof STEPS)[number];

/** In every `npm test`: nobody knows what comes up, and nobody is there to see it. */
const SAMPLE: Step = 'rebooting';

const WITHIN_MS = 400_000;
/** Longer than the host waits for its controller. */
const WITHOUT = ['--within', '30s'];
/** Longer than a link lives without an answer, and shorter than a trial. ms */
const CABLE_OUT_MS = 12_000;

export const DEATH_CASES: readonly UpgradeCase[] = [
  ...(['soaking', 'rebooting', 'staging'] as const).map((step) => ({
    suite: 'controller gone',
    name: `killed for ever while ${step}`,
    withinMs: WITHIN_MS,
    run: (pair: UpgradePair) => goneFor(pair, step),
  })),
  ...STEPS.map((step) => ({
    suite: 'controller killed',
    name: `while ${step}, then --resume`,
    withinMs: WITHIN_MS,
    ...(step === SAMPLE ? { isSample: true as const } : {}),
    run: (pair: UpgradePair) => resumed(pair, step, 'first'),
  })),
  {
    suite: 'controller killed',
    name: 'while soaking on the second host, then --resume',
    withinMs: WITHIN_MS,
    run: (pair) => resumed(pair, 'soaking', 'second'),
  },
  {
    suite: 'controller killed',
    name: 'while going back from a bad release, then --resume',
    withinMs: WITHIN_MS,
    run: resumedOnTheWayBack,
  },
  ...STEPS.map((step) => ({
    suite: 'cable pulled',
    name: `while ${step}`,
    withinMs: WITHIN_MS,
    run: (pair: UpgradePair) => withoutCable(pair, step),
  })),
  ...STEPS.map((step) => ({
    suite: 'power cut',
    name: `while ${step}`,
    withinMs: WITHIN_MS,
    run: (pair: UpgradePair) => withoutPower(pair, step),
  })),
  ...(['staging', 'soaking'] as const).map((step) => ({
    suite: 'Ctrl-C',
    name: `while ${step}`,
    withinMs: WITHIN_MS,
    run: (pair: UpgradePair) => interrupted(pair, step),
  })),
];

/** As by the OOM killer. */
async function killed(command: Command): Promise<void> {
  command.signal('SIGKILL');
  await command.ended;
}

/** The next run finds its way, with the same release. */
async function goesOn(pair: UpgradePair, version: string): Promise<void> {
  await on(pair, version, await pair.upgrade());
}

async function on(pair: UpgradePair, version: string, { code, summary }: Ended): Promise<void> {
  expect([code, ...pair.releases()], JSON.stringify(summary.hosts)).toEqual([0, version, version]);
}

async function resumed(pair: UpgradePair, step: Step, whose: 'first' | 'second'): Promise<UpgradeEnd> {
  const version = await pair.publish();
  const run = pair.upgrading();
  await run.step(step, pair[whose].name);
  await killed(run);
  const ended = await pair.upgrade('--resume');
  await on(pair, version, ended);
  return { outcome: 'new', said: '--resume ended 0' };
}

/** Nothing speaks for the release: it is not tried again, whoever finishes the way back. */
async function resumedOnTheWayBack(pair: UpgradePair): Promise<UpgradeEnd> {
  const old = pair.releases();
  const version = await pair.publish('dns');
  const run = pair.upgrading('-e', 'upgrade_check_after=90s');
  await run.step('going back', pair.first.name);
  await killed(run);
  const { code, summary } = await pair.upgrade('--resume');
  expect([code, ...pair.releases()], JSON.stringify(summary)).toEqual([2, ...old]);
  const again = await pair.upgrade('--check');
  expect([again.code, again.summary.error?.message]).toEqual([
    2,
    expect.stringContaining(`${version} is on the deny list`),
  ]);
  return { outcome: 'old', said: `--resume ended ${code}` };
}

/** The host ends it by itself, on the release that it had; the release is not to blame. */
async function goneFor(pair: UpgradePair, step: Step): Promise<UpgradeEnd> {
  const [old = ''] = pair.releases();
  const version = await pair.publish();
  const run = pair.upgrading(...WITHOUT);
  await run.step(step, pair.first.name);
  await killed(run);
  await pair.endsByItself(pair.first);
  expect(pair.releases()).toEqual([old, old]);
  await goesOn(pair, version);
  return { outcome: 'back, then new', said: 'killed; the next run ended 0' };
}

/** What was begun on a host is ended; no other is begun. */
async function interrupted(pair: UpgradePair, step: 'staging' | 'soaking'): Promise<UpgradeEnd> {
  const { first, second } = pair;
  const [old] = pair.releases();
  const version = await pair.publish();
  const run = pair.upgrading();
  await run.step(step, first.name);
  run.signal('SIGINT');
  const { code, summary } = await run.ended;
  expect(code, JSON.stringify(summary.hosts)).toBe(130);
  expect(summary.hosts[first.name]?.status).toBe(step === 'staging' ? 'skipped' : 'changed');
  expect(summary.hosts[second.name]?.status).toBe('skipped');
  expect(pair.releases()).toEqual([old, step === 'staging' ? old : version]);
  await pair.settled();
  await goesOn(pair, version);
  return { outcome: 'new', said: 'exit 130; the next run ended 0' };
}

async function withoutCable(pair: UpgradePair, step: Step): Promise<UpgradeEnd> {
  const { first } = pair;
  const [old = ''] = pair.releases();
  const version = await pair.publish();
  const run = pair.upgrading('--within', '40s');
  await run.step(step, first.name);
  await pair.cut(first, CABLE_OUT_MS);
  return ended(pair, await run.ended, { old, version });
}

async function withoutPower(pair: UpgradePair, step: Step): Promise<UpgradeEnd> {
  const { first } = pair;
  const [old = ''] = pair.releases();
  const version = await pair.publish();
  const run = pair.upgrading('--within', '40s');
  await run.step(step, first.name);
  await pair.crash(first);
  return ended(pair, await run.ended, { old, version });
}

/** What was said of the first host is so, and where it is not on the new release yet the next run takes it there. */
async function ended(
  pair: UpgradePair,
  { code, summary }: Ended,
  { old, version }: { readonly old: string; readonly version: string },
): Promise<UpgradeEnd> {
  const { status, error } = summary.hosts[pair.first.name] ?? {};
  expect(['changed', 'reverted', 'failed', 'refused', 'unreachable'], JSON.stringify(summary.hosts)).toContain(status);
  await pair.endsOn(pair.first, status === 'changed' ? version : old);
  await pair.settled();
  if (code === 0) {
    expect(pair.releases()).toEqual([version, version]);
    return { outcome: 'new', said: 'exit 0' };
  }
  // A release that crashes and a power cut in the trial look the same: a person has to say which it was.
  const isDenied = error?.message.includes('booted a second time') === true;
  if (isDenied) await refusedThenAllowed(pair, version);
  else await goesOn(pair, version);
  const next = isDenied ? 'denied; --allow-denied' : 'the next run';
  return { outcome: 'back, then new', said: `exit ${code}, ${status}; ${next} ended 0` };
}

async function refusedThenAllowed(pair: UpgradePair, version: string): Promise<void> {
  const { code, summary } = await pair.upgrade();
  expect([code, summary.error?.message]).toEqual([2, expect.stringContaining(`${version} is on the deny list`)]);
  await on(pair, version, await pair.upgrade('--allow-denied'));
}
