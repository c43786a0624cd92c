/** Cables are pulled and power is cut while a good release is taken: of the first host, then of the second one, which finds the first on the new release. */
import { expect } from 'vitest';
import type { HostView } from './host-view.ts';
import type { UpgradeCase, UpgradeEnd } from './upgrade-case.ts';
import type { Ended } from './upgrade-command.ts';
import type { UpgradePair } from './upgrade-pair.ts';
import { goesOn, STEPS, type Step, WITHIN_MS } from './upgrade-steps.ts';

/** Longer than a link lives without an answer, and shorter than a trial. ms */
const CABLE_OUT_MS = 12_000;
export const TRIAL = ['--within', '40s'];

export type Hurt = (pair: UpgradePair, view: HostView) => Promise<void>;

export const FORCES: readonly (readonly [string, Hurt])[] = [
  ['cable pulled', (pair, view) => pair.cut(view, CABLE_OUT_MS)],
  ['power cut', (pair, view) => pair.crash(view)],
];

export const FORCE_CASES: readonly UpgradeCase[] = FORCES.flatMap(([suite, hurt]) =>
  STEPS.map((step) => ({
    suite,
    name: `while ${step}, of each host in its turn`,
    withinMs: WITHIN_MS,
    tearsDhcp: true as const,
    run: (pair: UpgradePair) => eachHurt(pair, step, hurt),
  })),
);

/** In the run that comes to the second host, be it the first one or the next. */
async function eachHurt(pair: UpgradePair, step: Step, hurt: Hurt): Promise<UpgradeEnd> {
  const { first, second } = pair;
  const [old = ''] = pair.releases();
  const version = await pair.publish();
  const releases = { old, version };
  let run = pair.upgrading(...TRIAL);
  await run.step(step, first.name);
  await hurt(pair, first);
  const said: string[] = [];
  if (await comesTo(run.step(step, second.name))) said.push(`${first.name} changed`);
  else {
    const { denied, words } = await judged(pair, first, await run.ended, releases);
    said.push(words);
    run = pair.upgrading(...TRIAL, ...(denied ? ['--allow-denied'] : []));
    await run.step(step, second.name);
  }
  await hurt(pair, second);
  const { denied, words } = await judged(pair, second, await run.ended, releases);
  said.push(words);
  expect(pair.running(first), `${first.name} stays on the new release`).toBe(version);
  if (pair.running(second) !== version) await goesOn(pair, version, ...(denied ? ['--allow-denied'] : []));
  expect(pair.releases()).toEqual([version, version]);
  return { outcome: said.every((word) => word.endsWith('changed')) ? 'new' : 'back, then new', said: said.join(', ') };
}

function comesTo(step: Promise<void>): Promise<boolean> {
  return step.then(
    () => true,
    () => false,
  );
}

/** What was said of the host is so. A release that crashes and a power cut in the trial look the same: a person has to say which it was. */
async function judged(
  pair: UpgradePair,
  view: HostView,
  { code, summary }: Ended,
  { old, version }: { readonly old: string; readonly version: string },
): Promise<{ readonly denied: boolean; readonly words: string }> {
  const { status, error } = summary.hosts[view.name] ?? {};
  const all = JSON.stringify(summary.hosts);
  expect(['changed', 'reverted', 'failed', 'refused', 'unreachable'], all).toContain(status);
  expect(code === 0, all).toBe(status === 'changed');
  await pair.endsOn(view, status === 'changed' ? version : old);
  await pair.settled();
  const denied = error?.message.includes('booted a second time') === true;
  if (denied) {
    const refused = await pair.upgrade();
    expect([refused.code, refused.summary.error?.message]).toEqual([
      2,
      expect.stringContaining(`${version} is on the deny list`),
    ]);
  }
  return { denied, words: `${view.name} ${denied ? 'denied' : status}` };
}
