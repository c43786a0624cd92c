/** What the cases of bad surroundings share. */
import { expect } from 'vitest';
import type { HostView } from './host-view.ts';
import type { UpgradeEnd } from './upgrade-case.ts';
import { type UpgradePair, until } from './upgrade-pair.ts';

const OTHERS_MS = 120_000;

/** The next run finds its way, to a release that nobody has seen yet. */
export async function thenNew(pair: UpgradePair, said: string): Promise<UpgradeEnd> {
  const version = await pair.publish();
  const { code, summary } = await pair.upgrade();
  expect([code, ...pair.releases()], JSON.stringify(summary.hosts)).toEqual([0, version, version]);
  return { outcome: 'back, then new', said: `${said}, then exit 0` };
}

/** Until somebody else has staged that release, and their transaction is over: it is so a moment later. */
export function stages(view: HostView, version: string, who: string): Promise<void> {
  const ask =
    "rpm-ostree status --json | jq -r 'select(.transaction == null) | .deployments[0] | select(.staged) | .version'";
  return until(`${version} is staged on ${view.name} by ${who}`, OTHERS_MS, async () => {
    const staged = await view.shell(ask);
    return staged === version ? undefined : staged || 'nothing is';
  });
}
