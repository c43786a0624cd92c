/** The controller dies, or its user loses patience, while a release is taken. */
import { expect } from 'vitest';
import type { UpgradeCase, UpgradeEnd } from './upgrade-case.ts';
import type { UpgradePair } from './upgrade-pair.ts';
import { goesOn, isOn, killed, STEPS, type Step, WITHIN_MS } from './upgrade-steps.ts';

/** In every `npm test`: nobody knows what comes up, and nobody is there to see it. */
const SAMPLE: Step = 'rebooting';

/** Longer than the host waits for its controller. */
const WITHOUT = ['--within', '30s'];

export const DEATH_CASES: readonly UpgradeCase[] = [
  ...(['soaking', 'rebooting', 'staging'] as const).map((step) => ({
    suite: 'controller gone',
    name: `killed for ever while ${step}`,
    withinMs: WITHIN_MS,
    run: (pair: UpgradePair) => goneFor(pair, step),
  })),
  ...STEPS.map((step) => ({
    suite: 'controller killed',
    name: `while ${step}; its --resume too, on the second host; then --resume`,
    withinMs: WITHIN_MS,
    ...(step === SAMPLE ? { isSample: true as const } : {}),
    run: (pair: UpgradePair) => resumed(pair, step),
  })),
  {
    suite: 'controller killed',
    name: 'while going back from a bad release, then --resume',
    withinMs: WITHIN_MS,
    run: resumedOnTheWayBack,
  },
  ...(['staging', 'soaking'] as const).map((step) => ({
    suite: 'Ctrl-C',
    name: `while ${step}`,
    withinMs: WITHIN_MS,
    run: (pair: UpgradePair) => interrupted(pair, step),
  })),
];

/** Killed on the first host; the one that takes it up is killed on the second, which leaves the first on the new release. */
async function resumed(pair: UpgradePair, step: Step): Promise<UpgradeEnd> {
  const { first, second } = pair;
  const version = await pair.publish();
  const run = pair.upgrading();
  await run.step(step, first.name);
  await killed(run);
  const resuming = pair.upgrading('--resume');
  await resuming.step(step, second.name);
  await killed(resuming);
  const ended = await pair.upgrade('--resume');
  expect(ended.summary.hosts[first.name]?.status, JSON.stringify(ended.summary)).not.toBe('reverted');
  isOn(pair, version, ended);
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
