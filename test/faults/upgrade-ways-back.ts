/** Cables are pulled and power is cut while the first host is on its way back, or drops what was staged: the second is never touched. */
import { expect } from 'vitest';
import type { UpgradeCase, UpgradeEnd } from './upgrade-case.ts';
import type { Ended } from './upgrade-command.ts';
import { FORCES, type Hurt, TRIAL } from './upgrade-forces.ts';
import type { UpgradePair } from './upgrade-pair.ts';
import { goesOn, WITHIN_MS } from './upgrade-steps.ts';

/** The host leaves the looking to the controller: nobody else can say that the release is bad. */
const CONTROLLER_LOOKS = ['-e', 'upgrade_check_after=90s'];

export const WAY_BACK_CASES: readonly UpgradeCase[] = FORCES.flatMap(([suite, hurt]) => [
  {
    suite,
    name: 'while the first host goes back from a bad release',
    withinMs: WITHIN_MS,
    tearsDhcp: true as const,
    run: (pair: UpgradePair) => goingBack(pair, hurt),
  },
  {
    suite,
    name: 'while the first host drops what was staged, after Ctrl-C',
    withinMs: WITHIN_MS,
    tearsDhcp: true as const,
    run: (pair: UpgradePair) => dropping(pair, hurt),
  },
]);

/** The word to go back may be lost: then the host's own deadline says the same. */
async function goingBack(pair: UpgradePair, hurt: Hurt): Promise<UpgradeEnd> {
  const { first } = pair;
  const version = await pair.publish('dns');
  const run = pair.upgrading(...TRIAL, ...CONTROLLER_LOOKS);
  await run.step('going back', first.name);
  const { code, status } = await hurtOnTheWay(pair, hurt, run.ended);
  expect([code, status]).toEqual([2, 'reverted']);
  // However it was hurt, its own checks had been red: the release is not tried again.
  const again = await pair.upgrade('--check');
  expect([again.code, again.summary.error?.message]).toEqual([
    2,
    expect.stringContaining(`${version} is on the deny list`),
  ]);
  return { outcome: 'old', said: `exit ${code}, ${status}; denied` };
}

async function dropping(pair: UpgradePair, hurt: Hurt): Promise<UpgradeEnd> {
  const { first } = pair;
  const version = await pair.publish();
  const run = pair.upgrading(...TRIAL);
  await run.step('staging', first.name);
  run.signal('SIGINT');
  await run.step('dropping', first.name);
  const { code, status } = await hurtOnTheWay(pair, hurt, run.ended);
  expect([130, 3]).toContain(code);
  await goesOn(pair, version);
  return { outcome: 'back, then new', said: `exit ${code}, ${status}; the next run ended 0` };
}

/** It ends on the release that it had, with nothing open; what was said of it is so, and its partner was not begun. */
async function hurtOnTheWay(pair: UpgradePair, hurt: Hurt, ended: Promise<Ended>) {
  const { first, second } = pair;
  const old = pair.running(second) ?? '';
  await hurt(pair, first);
  const { code, summary } = await ended;
  const all = JSON.stringify(summary.hosts);
  const { status } = summary.hosts[first.name] ?? {};
  expect(['reverted', 'skipped', 'unknown', 'unreachable'], all).toContain(status);
  expect(summary.hosts[second.name], all).toMatchObject({ status: 'skipped', changes: [] });
  await pair.endsOn(first, old);
  expect(pair.releases()).toEqual([old, old]);
  await pair.settled();
  return { code, status };
}
