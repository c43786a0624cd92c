/** Hosts that follow an image in a registry, as those of Fedora do by now, instead of an ostree branch. */
import { expect } from 'vitest';
import { requireLab } from '../../src/lab/find.ts';
import { osRemoteUrl, readReleases } from '../../src/lab/index.ts';
import type { UpgradeCase, UpgradeEnd } from './upgrade-case.ts';
import { type UpgradePair, until } from './upgrade-pair.ts';

const IMAGE = { oci: true } as const;
const REBASE_MS = 120_000;

/** For a pair of its own: it follows the image from then on. */
export const IMAGE_CASE: UpgradeCase = {
  suite: 'image',
  name: 'rebased to an OCI image: a good release, a bad one, one by its digest',
  withinMs: 900_000,
  // Whoever rebases by hand reboots by hand: nothing is handed over.
  tearsDhcp: true,
  run: followsImage,
};

async function followsImage(pair: UpgradePair): Promise<UpgradeEnd> {
  const { first } = pair;
  await rebased(pair, await pair.publish(undefined, undefined, IMAGE));
  const good = await pair.publish(undefined, undefined, IMAGE);
  const taken = await pair.upgrade();
  expect([taken.code, ...pair.releases()], JSON.stringify(taken.summary)).toEqual([0, good, good]);
  const bad = await pair.publish('dns', undefined, IMAGE);
  const { code, summary } = await pair.upgrade();
  expect([code, summary.hosts[first.name]?.status], JSON.stringify(summary)).toEqual([2, 'reverted']);
  expect(summary.hosts[first.name]?.error?.message).toContain(`went back from ${bad}, its checks were red`);
  expect(pair.releases()).toEqual([good, good]);
  for (const view of pair.hosts) expect(await view.shell('cat /var/lib/coreos-infra/deny/*'), view.name).toContain(bad);
  const again = await pair.upgrade();
  expect([again.code, again.summary.error?.code], JSON.stringify(again.summary)).toEqual([2, 'E_NO_TARGET']);
  const better = await pair.publish(undefined, undefined, IMAGE);
  const { digest = '' } = readReleases(pair.labName).releases.find(({ version }) => version === better) ?? {};
  const named = await pair.upgrade('--to', digest);
  expect([named.code, ...pair.releases()], JSON.stringify(named.summary)).toEqual([0, better, better]);
  return { outcome: 'new', said: 'exit 0, 2, 0' };
}

/** By hand, as an operator would. */
async function rebased(pair: UpgradePair, version: string): Promise<void> {
  const { gateway = '' } = requireLab(pair.labName).networks[0] ?? {};
  const registry = new URL(osRemoteUrl(gateway)).host;
  for (const view of pair.hosts) {
    await view.shell(
      `rpm-ostree rebase ostree-unverified-registry:${registry}/fedora/fedora-coreos:stable && systemctl reboot`,
      REBASE_MS,
    );
    await until(`${view.name} runs the image`, REBASE_MS, async () =>
      pair.running(view) === version ? undefined : `it runs ${pair.running(view)}`,
    );
    await pair.settled();
  }
}
