/** Zincati at work on both hosts of the pair, with an interval of a second: it stages what we stage, and tries to reboot all the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { HostView } from './host-view.ts';
import { stages, thenNew } from './surroundings-common.ts';
import type { UpgradeCase, UpgradeEnd } from './upgrade-case.ts';
import { type UpgradePair, until } from './upgrade-pair.ts';

const CONFIG = '/etc/zincati/config.d';
const TRIES_MS = 60_000;
/** Many times Zincati's interval. */
const LONG_MS = 15_000;

export const ZINCATI_CASES: readonly UpgradeCase[] = [
  {
    suite: 'Zincati',
    name: 'stages and reboots meanwhile: is held on both hosts, and is back afterwards',
    withinMs: 500_000,
    run: (pair) => withZincati(pair, heldBack),
  },
  {
    suite: 'Zincati',
    name: 'does not take a release that one of the hosts went back from',
    withinMs: 500_000,
    run: (pair) => withZincati(pair, keptFromDenied),
  },
];

/** Whatever becomes of the case, the next one finds Zincati as it was. */
async function withZincati(pair: UpgradePair, work: (pair: UpgradePair) => Promise<UpgradeEnd>): Promise<UpgradeEnd> {
  // A case before may have left a denied release, from which Zincati is kept until a newer one is confirmed.
  const states = await Promise.all(pair.hosts.map((view) => view.shell('systemctl is-active zincati.service || :')));
  if (states.includes('inactive')) await thenNew(pair, 'a release was denied');
  try {
    return await work(pair);
  } finally {
    for (const view of pair.hosts) await switchOff(view);
  }
}

async function heldBack(pair: UpgradePair): Promise<UpgradeEnd> {
  const { first, second } = pair;
  const version = await pair.publish();
  await switchOn(first, 'periodic');
  await stages(first, version, 'Zincati');
  const run = pair.upgrading();
  await run.step('opening', first.name);
  const boot = bootOf(second);
  await switchOn(second, 'immediate');
  for (const step of ['staging', 'verifying', 'soaking']) {
    await run.step(step, first.name);
    // Nobody can start it, nor let it update at once.
    const said = await first.shell(
      'systemctl start zincati.service; /usr/libexec/zincati-update-now; systemctl is-active zincati.service || :',
    );
    expect(said, step).toBe('inactive');
    expect(bootOf(second), step).toBe(boot);
  }
  await until(`Zincati of ${second.name} wants to reboot`, TRIES_MS, async () =>
    /failed to finalize deployment/.test(await second.shell('journalctl -b --no-pager -u zincati.service'))
      ? undefined
      : 'it has not tried',
  );
  const { code, summary } = await run.ended;
  expect([code, ...pair.releases()], JSON.stringify(summary.hosts)).toEqual([0, version, version]);
  for (const view of pair.hosts) await isBack(view);
  return { outcome: 'new', said: 'exit 0' };
}

async function keptFromDenied(pair: UpgradePair): Promise<UpgradeEnd> {
  const { first, second } = pair;
  const old = pair.releases();
  const bad = await pair.publish('dns');
  for (const view of pair.hosts) await switchOn(view, 'periodic');
  for (const view of pair.hosts) await stages(view, bad, 'Zincati');
  const { code, summary } = await pair.upgrade();
  expect([code, summary.hosts[first.name]?.status], JSON.stringify(summary.hosts)).toEqual([2, 'reverted']);
  // A person makes room: what Zincati itself would avoid is not on disk any more.
  await first.shell('rpm-ostree cleanup -r', 60_000);
  for (const view of pair.hosts) await switchOn(view, 'immediate');
  const boots = pair.hosts.map(bootOf);
  await sleep(LONG_MS);
  expect([pair.releases(), pair.hosts.map(bootOf)]).toEqual([old, boots]);
  for (const view of [first, second]) {
    const staged = await view.shell("rpm-ostree status --json | jq -r '.deployments[] | select(.staged) | .version'");
    expect(staged, `staged on ${view.name}`).toBe('');
    expect(await view.shell('systemctl is-active zincati.service || :'), view.name).toBe('inactive');
  }
  for (const view of pair.hosts) await switchOff(view);
  const end = await thenNew(pair, 'exit 2, reverted');
  for (const view of pair.hosts) await switchOn(view, 'periodic');
  for (const view of pair.hosts) await isBack(view);
  return end;
}

/** `periodic` without a window: it stages, and never reboots. */
async function switchOn(view: HostView, strategy: 'periodic' | 'immediate'): Promise<void> {
  const settings = `[agent.timing]\\nsteady_interval_secs = 1\\n[updates]\\nstrategy = "${strategy}"\\n`;
  await view.shell(
    `rm -f ${CONFIG}/90-lab-disabled.toml; printf '${settings}' >${CONFIG}/60-test.toml; systemctl restart zincati.service`,
    60_000,
  );
}

async function switchOff(view: HostView): Promise<void> {
  await view.shell(
    `rm -f ${CONFIG}/60-test.toml /run/zincati/config.d/*.toml; printf '[updates]\\nenabled = false\\n' >${CONFIG}/90-lab-disabled.toml; systemctl restart zincati.service; if rpm-ostree status --json | jq -e '.deployments[0].staged'; then rpm-ostree cleanup -p; fi`,
    60_000,
  );
}

/** As it was found: it runs, and is the one who drives updates. */
async function isBack(view: HostView): Promise<void> {
  await until(`Zincati of ${view.name} is back`, TRIES_MS, async () => {
    const said = await view.shell(
      'systemctl is-active zincati.service || :; rpm-ostree status --json | jq -r \'."update-driver"."driver-name"\'',
    );
    return said === 'active\nZincati' ? undefined : said;
  });
}

function bootOf(view: HostView): string {
  return view.read('/proc/sys/kernel/random/boot_id') ?? 'off';
}
