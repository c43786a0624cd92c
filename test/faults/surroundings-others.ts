/** Disks that are full, and others who work with rpm-ostree on the same host while it is upgraded. */
import { expect } from 'vitest';
import { labFill, labFree } from '../../src/lab/index.ts';
import { withSlowServer } from '../lab/rpm-ostree-host.ts';
import type { HostView } from './host-view.ts';
import { stages, thenNew } from './surroundings-common.ts';
import type { UpgradeCase, UpgradeEnd } from './upgrade-case.ts';
import type { Ended } from './upgrade-command.ts';
import { type UpgradePair, until } from './upgrade-pair.ts';

const WITHIN_MS = 500_000;
/** So late comes each of some ten objects of a release, until nobody needs it to be slow any more: a machine with other work to do starts a run in seconds. */
const SLOW_MS = 2_500;
const OTHERS_MS = 120_000;

export const OTHERS_CASES: readonly UpgradeCase[] = (
  [
    ['full /boot', 'before: refused, with what to do', bootIsFull],
    ['full /boot', 'filled up after the first look: cannot be finalised', bootFillsUp],
    ['somebody else', 'whose transaction runs: refused, and left alone', transactionRuns],
    ['somebody else', 'who begins a transaction before ours: it goes on', transactionIsQuicker],
    ['somebody else', 'who begins one while ours stages: is told that it is busy', transactionIsLate],
    ['somebody else', 'who changes what is staged', changesWhatIsStaged],
    ['somebody else', 'who cleans up, before and in the trial: the way back stays', cleansUp],
    ['somebody else', 'who deletes the way back from a good release: it is confirmed', deletesWayBackFromGood],
    ['somebody else', 'who deletes the way back from a bad release: a person has to look', deletesWayBackFromBad],
  ] as const
).map(([suite, name, run]) => ({ suite, name, withinMs: WITHIN_MS, run }));

async function bootIsFull(pair: UpgradePair): Promise<UpgradeEnd> {
  await pair.publish();
  await labFill(pair.labName, pair.first.name, '/boot');
  try {
    const error = refusal(pair, await pair.upgrade());
    expect(error.message).toMatch(/^\/boot of ns2 has 0 MB left, and a new kernel needs about \d+ MB$/);
    expect(error.remedy).toContain('rpm-ostree cleanup -r');
  } finally {
    await labFree(pair.labName, pair.first.name, '/boot');
  }
  return thenNew(pair, 'exit 2, refused');
}

async function bootFillsUp(pair: UpgradePair): Promise<UpgradeEnd> {
  const old = pair.releases();
  await pair.publish();
  const run = pair.upgrading();
  await run.step('staging', pair.first.name);
  await labFill(pair.labName, pair.first.name, '/boot');
  try {
    const { code, summary } = await run.ended;
    const first = summary.hosts[pair.first.name];
    expect([code, first?.status], JSON.stringify(summary.hosts)).toEqual([2, 'reverted']);
    expect([first?.error?.message, ...(first?.error?.detail ?? [])].join('\n')).toContain('No space left on device');
    expect(summary.hosts[pair.second.name]?.status).toBe('skipped');
    expect(pair.releases()).toEqual(old);
  } finally {
    await labFree(pair.labName, pair.first.name, '/boot');
  }
  return thenNew(pair, 'exit 2, reverted');
}

async function transactionRuns(pair: UpgradePair): Promise<UpgradeEnd> {
  const version = await pair.publish();
  await withSlowServer(pair.labName, SLOW_MS, async () => {
    await somebody(pair.first, 'rpm-ostree upgrade --bypass-driver');
    await until(`a transaction runs on ${pair.first.name}`, OTHERS_MS, async () =>
      (await pair.first.shell('rpm-ostree status --json | jq .transaction')) === 'null' ? 'none does' : undefined,
    );
    const error = refusal(pair, await pair.upgrade());
    expect(error.message).toContain('another rpm-ostree transaction is running on ns2');
    expect(error.remedy).toContain('rpm-ostree cancel');
  });
  await stages(pair.first, version, 'somebody else');
  const again = refusal(pair, await pair.upgrade());
  expect(again.message).toContain(`something else is staged on ns2: ${version}`);
  await pair.first.shell('rpm-ostree cleanup -p');
  return thenNew(pair, 'exit 2, refused');
}

/** It begins when the slot is open and before we stage: what is not ours is not cancelled. */
async function transactionIsQuicker(pair: UpgradePair): Promise<UpgradeEnd> {
  const old = pair.releases();
  const version = await pair.publish();
  await withSlowServer(pair.labName, SLOW_MS, async () => {
    await somebody(
      pair.first,
      'until grep -q pinned=true /ostree/deploy/*/deploy/*.origin; do sleep 0.01; done; rpm-ostree upgrade --bypass-driver',
    );
    const { code, summary } = await pair.upgrade();
    const first = summary.hosts[pair.first.name];
    expect(code, JSON.stringify(summary.hosts)).toBe(2);
    expect(['failed', 'refused']).toContain(first?.status);
    expect([first?.error?.message, ...(first?.error?.detail ?? [])].join('\n')).toMatch(/rpm-ostree|[Tt]ransaction/);
  });
  await stages(pair.first, version, 'somebody else');
  expect(pair.releases()).toEqual(old);
  await pair.first.shell('rpm-ostree cleanup -p');
  return thenNew(pair, 'exit 2, failed');
}

async function transactionIsLate(pair: UpgradePair): Promise<UpgradeEnd> {
  const version = await pair.publish();
  const { run } = await withSlowServer(pair.labName, SLOW_MS, async () => {
    const run = pair.upgrading();
    await run.step('staging', pair.first.name);
    await until('our transaction runs', OTHERS_MS, async () =>
      (await pair.first.shell('rpm-ostree status --json | jq .transaction')) === 'null' ? 'it does not' : undefined,
    );
    const said = await pair.first.shell('rpm-ostree kargs --append=somebody=1 2>&1; echo "exit $?"');
    expect(said).toMatch(/Transaction in progress: deploy [\s\S]*exit 1$/);
    return { run };
  });
  const ended = await run.ended;
  expect([ended.code, ...pair.releases()], JSON.stringify(ended.summary.hosts)).toEqual([0, version, version]);
  return { outcome: 'new', said: 'exit 0' };
}

/** `kargs` stages anew, unlocked, as soon as ours is done: any reboot would take it. It is seen, or has become part of what is on trial. */
async function changesWhatIsStaged(pair: UpgradePair): Promise<UpgradeEnd> {
  const { first } = pair;
  const [old] = pair.releases();
  const version = await pair.publish();
  const run = pair.upgrading();
  await run.step('staging', first.name);
  await somebody(first, 'until rpm-ostree kargs --append=somebody=1; do sleep 0.05; done');
  const { code, summary } = await run.ended;
  await first.shell('systemctl stop somebody.service || :');
  expect([first.name, code, pair.running(first)], JSON.stringify(summary.hosts)).toEqual(
    code === 0 ? [first.name, 0, version] : [first.name, 2, old],
  );
  if (code === 0) return { outcome: 'new', said: 'exit 0' };
  expect(summary.hosts[first.name]?.status).toBe('failed');
  await first.shell('if rpm-ostree status --json | jq -e ".deployments[0].staged"; then rpm-ostree cleanup -p; fi');
  return thenNew(pair, 'exit 2, failed');
}

async function cleansUp(pair: UpgradePair): Promise<UpgradeEnd> {
  const { first } = pair;
  const old = pair.releases();
  await pair.publish('dns');
  await first.shell('rpm-ostree cleanup -r');
  const run = pair.upgrading();
  await run.step('verifying', first.name);
  await first.shell('rpm-ostree cleanup -r');
  const { code, summary } = await run.ended;
  expect([code, summary.hosts[first.name]?.status], JSON.stringify(summary.hosts)).toEqual([2, 'reverted']);
  expect(pair.releases()).toEqual(old);
  return thenNew(pair, 'exit 2, reverted');
}

/** Somebody who means it: unpins and undeploys what is not booted. */
const DELETE =
  'for way in 1 2 3; do ostree admin pin -u 1; ostree admin undeploy 1; done; ostree admin status; [[ $(ostree admin status --json | jq ".deployments | length") == 1 ]]';

async function deletesWayBackFromGood(pair: UpgradePair): Promise<UpgradeEnd> {
  const version = await pair.publish();
  const run = pair.upgrading();
  await run.step('soaking', pair.first.name);
  await pair.first.shell(DELETE, 60_000);
  const { code, summary, events } = await run.ended;
  expect([code, ...pair.releases()], JSON.stringify(summary.hosts)).toEqual([0, version, version]);
  expect(events.flatMap((event) => (event.event === 'warning' ? [event.message] : []))).toContainEqual(
    expect.stringMatching(/^ns2 has no way back from /),
  );
  expect(await pair.history(events[0]?.run ?? '')).toContain('ns2 has no way back from');
  return { outcome: 'new', said: 'exit 0, and told' };
}

async function deletesWayBackFromBad(pair: UpgradePair): Promise<UpgradeEnd> {
  const { first, second } = pair;
  const [old] = pair.releases();
  const bad = await pair.publish('dns');
  const run = pair.upgrading('-e', 'upgrade_check_after=20s');
  await run.step('verifying', first.name);
  await first.shell(DELETE, 60_000);
  const { code, summary } = await run.ended;
  expect([code, summary.hosts[first.name]?.status], JSON.stringify(summary.hosts)).toEqual([3, 'unknown']);
  expect(summary.hosts[first.name]?.error).toMatchObject({
    code: 'E_HOST_STUCK',
    message: expect.stringMatching(/^ns2 could not go back to .*: the way back, .*, is not on disk any more$/),
    remedy: expect.stringContaining('run unlock ns2'),
  });
  expect([pair.running(first), pair.running(second), summary.hosts[second.name]?.status]).toEqual([
    bad,
    old,
    'skipped',
  ]);
  // Nobody goes on until a person has looked.
  const locked = await pair.upgrade('--wait-lock', '0');
  expect([locked.code, locked.summary.hosts[first.name]?.status]).toEqual([5, 'locked']);
  expect(locked.summary.hosts[first.name]?.error?.remedy).toContain('run unlock ns2');
  await first.shell('systemctl mask --now port53.service; systemctl restart coredns.service', 60_000);
  expect(await pair.told('unlock', '--yes', first.name)).toContain(first.name);
  return thenNew(pair, 'exit 3, then unlocked');
}

/** A job of somebody's on the host; it has ended when its unit is gone. */
function somebody(view: HostView, script: string): Promise<string> {
  return view.shell(`systemd-run --quiet --collect --unit=somebody /bin/bash -c ${quoted(script)}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The first host was refused and nothing was touched; the error that says so. */
function refusal(pair: UpgradePair, { code, summary }: Ended): { readonly message: string; readonly remedy: string } {
  const { first, second } = pair;
  const states = [first, second].map(({ name }) => summary.hosts[name]?.status);
  expect([code, ...states], JSON.stringify(summary.hosts)).toEqual([2, 'refused', 'skipped']);
  const error = summary.hosts[first.name]?.error;
  if (error?.code !== 'E_NOT_UPGRADABLE') throw new Error(`refused by ${JSON.stringify(error)}`);
  return error;
}
