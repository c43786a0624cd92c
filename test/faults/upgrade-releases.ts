/** Releases that are bad, each in its own way: the first host goes back, the second is spared, and what was wrong is said. */
import { expect } from 'vitest';
import type { Break } from '../../src/lab/index.ts';
import type { UpgradeCase } from './upgrade-case.ts';
import type { Ended } from './upgrade-command.ts';
import type { UpgradePair } from './upgrade-pair.ts';
import { SERVICES } from './upgrade-services.ts';

interface BadRelease {
  readonly broken: Break;
  /** How long its services live, where that is it. */
  readonly seconds?: number;
  readonly args?: readonly string[];
  /** In what is said of the host. */
  readonly says: string;
  /** A probe that `run history show` has to name; undefined: the host told before anything could be asked. */
  readonly probe?: RegExp;
  /** Nothing of it can start Kea, or any other container. */
  readonly tearsDhcp?: true;
  /** Whether that speaks against the release itself. */
  readonly isDenied: boolean;
  readonly isSample?: true;
}

const RED = 'its checks were red';
/** Names a second, of each host. */
const BUSY_RATE = 200;

const BAD: readonly BadRelease[] = [
  { broken: 'dns', says: RED, probe: /coredns\.service|53\/udp/, isDenied: true },
  { broken: 'podman', says: RED, probe: /coredns\.service|53\/udp/, isDenied: true, tearsDhcp: true },
  {
    broken: 'flapping',
    seconds: 15,
    args: ['--soak', '40s', '--within', '90s'],
    says: RED,
    probe: /coredns\.service|53\/udp/,
    isDenied: true,
  },
  { broken: 'ssh', args: ['--within', '30s'], says: 'nobody confirmed it in time', isDenied: false },
  { broken: 'finalize', says: 'could not be finalised', isDenied: false, isSample: true },
];

export const RELEASE_CASES: readonly UpgradeCase[] = [
  {
    suite: 'bad release',
    name: 'boot: never comes up; somebody boots the old one by hand',
    withinMs: 500_000,
    run: neverBoots,
  },
  ...BAD.map(
    (bad): UpgradeCase => ({
      suite: 'bad release',
      name: `${bad.broken}: the first host goes back, the second is spared`,
      withinMs: 400_000,
      ...(bad.isSample === undefined ? {} : { isSample: bad.isSample }),
      ...(bad.tearsDhcp === undefined ? {} : { tearsDhcp: bad.tearsDhcp }),
      run: (pair) => goesBack(pair, bad),
    }),
  ),
  {
    suite: 'good release',
    name: `both hosts in order, asked ${BUSY_RATE} times a second`,
    withinMs: 400_000,
    rate: BUSY_RATE,
    run: isTaken,
  },
  { suite: 'good release', name: 'slow to boot: is waited for', withinMs: 400_000, run: bootsSlowly },
];

async function goesBack(pair: UpgradePair, bad: BadRelease) {
  const old = pair.releases();
  const version = await pair.publish(bad.broken, bad.seconds);
  const ended = await pair.upgrade(...(bad.args ?? []));
  const { hosts } = ended.summary;
  expect(ended.code, JSON.stringify(hosts)).toBe(2);
  expect(hosts[pair.first.name], JSON.stringify(hosts)).toMatchObject({
    status: 'reverted',
    error: { code: 'E_ROLLED_BACK' },
  });
  const { message = '', detail = [] } = hosts[pair.first.name]?.error ?? {};
  expect([message, ...detail].join('\n')).toContain(bad.says);
  expect(hosts[pair.second.name]).toMatchObject({ status: 'skipped', changes: [] });
  expect(pair.releases()).toEqual(old);
  if (bad.probe !== undefined) expect(await failedProbes(pair, ended)).toMatch(bad.probe);
  const again = await pair.upgrade('--check');
  expect(again.code, JSON.stringify(again.summary)).toBe(bad.isDenied ? 2 : 0);
  if (bad.isDenied)
    expect(again.summary.error?.message).toContain(
      `${version} is on the deny list: ${pair.first.name} went back from it`,
    );
  else expect(again.summary.hosts[pair.first.name]).toMatchObject({ status: 'changed' });
  return { outcome: 'old', said: `exit 2, ${bad.says}` } as const;
}

/** The lines with a cross, of probes that failed on the first host, as people read them afterwards. */
async function failedProbes(pair: UpgradePair, { events }: Ended): Promise<string> {
  const text = await pair.history(events[0]?.run ?? '');
  return text
    .split('\n')
    .filter((line) => /^\s+✖/.test(line))
    .join('\n');
}

/** What the command itself measured says the same as our client: nobody missed anything, and how long each host was away. */
async function isTaken(pair: UpgradePair) {
  const { first, second } = pair;
  const version = await pair.publish();
  const { code, summary, events } = await pair.upgrade();
  expect([code, ...pair.releases()], JSON.stringify(summary.hosts)).toEqual([0, version, version]);
  // The standby of Kea first.
  const ended = events.flatMap((event) => (event.event === 'host-done' ? [event.host] : []));
  expect(ended).toEqual([first.name, second.name]);
  const { availability = {} } = summary;
  for (const service of SERVICES) {
    const { asked = 0, answered = 0 } = availability[service]?.['group'] ?? {};
    expect([asked > 0, asked - answered], `${service}: ${JSON.stringify(availability)}`).toEqual([true, 0]);
  }
  const gaps = [first, second].map(({ name }) => availability['dns']?.[name]?.longestGapMs ?? 0);
  for (const gap of gaps) expect(gap, JSON.stringify(availability)).toBeGreaterThan(0);
  const [a, b] = gaps.map((gap) => `${(gap / 1_000).toFixed(1)} s`);
  return { outcome: 'new', said: `exit 0, away for ${a} and ${b}` } as const;
}

async function bootsSlowly(pair: UpgradePair) {
  const version = await pair.publish('slow-boot', 20);
  const { code, summary } = await pair.upgrade();
  expect([code, ...pair.releases()], JSON.stringify(summary.hosts)).toEqual([0, version, version]);
  return { outcome: 'new', said: 'exit 0' } as const;
}

/** Nothing below the operating system counts boots: a person has to come, and finds out how. */
async function neverBoots(pair: UpgradePair) {
  const { first, second } = pair;
  const [old] = pair.releases();
  await pair.publish('boot');
  const { code, summary } = await pair.upgrade('-e', 'upgrade_reboot_within=20s', '--within', '15s');
  expect(code, JSON.stringify(summary.hosts)).toBe(3);
  expect(summary.hosts[first.name]).toMatchObject({ status: 'unknown', error: { code: 'E_HOST_STUCK' } });
  expect(summary.hosts[first.name]?.error?.remedy).toContain('console');
  expect(pair.running(second)).toBe(old);
  await pair.bootedByHand(first);
  const abort = await pair.upgrade('--abort');
  expect([abort.code, ...pair.releases()], JSON.stringify(abort.summary.hosts)).toEqual([0, old, old]);
  return { outcome: 'old', said: 'exit 3, then --abort' } as const;
}
