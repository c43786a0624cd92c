/** May a host's Kea be changed now? Judged over what all members say; the first reason against it is the answer. Pure. */
import type { HostAnswer, PreconditionVerdict } from '../playbook/precondition.ts';
import type { Family } from './addresses.ts';
import { changedIds, orphanedLeases } from './check-present.ts';
import { daemonOf } from './daemon.ts';
import { notNormal } from './ha-state.ts';
import { mergeLeases, readLeases } from './leases.ts';
import { type MemberAnswer, readMember } from './member-answer.ts';
import { readPresent } from './present.ts';

/** Kea warns of clocks more than 30 s apart, and both servers end their HA at more than 60 s (Kea ARM, "Clock Skew"). */
export const SKEW_WARN_SEC = 30;
export const SKEW_REFUSE_SEC = 60;

/** Lines of a refusal that name leases. */
const LEASES_SHOWN = 10;

export interface ChangeInput {
  /** The host that is to be changed. */
  readonly host: string;
  /** What is to stand there, by family. */
  readonly coming: ReadonlyMap<Family, string>;
  readonly minFreeMib: number;
}

type Refusal = NonNullable<PreconditionVerdict['refusal']>;

export function mayChange(input: ChangeInput, answers: ReadonlyMap<string, HostAnswer>): PreconditionVerdict {
  const families = [...input.coming.keys()];
  const members = [...answers].map(([host, answer]) => readMember(host, answer, families));
  const clocks = judgeClocks(members);
  const warnings: string[] = [...clocks.warnings];
  const refusal =
    clocks.refusal ??
    judgeSpace(members, input.minFreeMib) ??
    first(families, (family) => judgePair(members, family)) ??
    first(families, (family) => judgeIds(input, members, family)) ??
    first(families, (family) => judgeLeases(input, members, family, warnings));
  return { warnings, ...(refusal === undefined ? {} : { refusal }) };
}

function first<T>(all: readonly T[], judge: (one: T) => Refusal | undefined): Refusal | undefined {
  for (const one of all) {
    const refusal = judge(one);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** The least difference that the answers allow: a slow link makes no clock wrong. */
export function judgeClocks(members: readonly MemberAnswer[]): PreconditionVerdict {
  const pairs = members.flatMap((a, i) =>
    members.slice(i + 1).map((b) => ({
      names: `${a.host} and ${b.host}`,
      apartSec:
        a.aheadSec === undefined || b.aheadSec === undefined
          ? 0
          : Math.max(0, a.aheadSec.least - b.aheadSec.most, b.aheadSec.least - a.aheadSec.most),
    })),
  );
  const [worst] = pairs.sort((a, b) => b.apartSec - a.apartSec);
  if (worst === undefined || worst.apartSec <= SKEW_WARN_SEC) return { warnings: [] };
  const message = `the clocks of ${worst.names} are ${Math.round(worst.apartSec)} s apart`;
  if (worst.apartSec < SKEW_REFUSE_SEC)
    return { warnings: [`${message}: from ${SKEW_REFUSE_SEC} s on their Kea servers no longer work together`] };
  return {
    warnings: [],
    refusal: {
      message: `${message}: Kea ends HA from ${SKEW_REFUSE_SEC} s on`,
      detail: [],
      remedy: 'Set the clocks right first: run deploy-ntp, and see chronyc tracking on each host.',
    },
  };
}

function judgeSpace(members: readonly MemberAnswer[], minFreeMib: number): Refusal | undefined {
  const full = members.filter(({ freeKib }) => freeKib !== undefined && freeKib < minFreeMib * 1024);
  if (full.length === 0) return undefined;
  return {
    message: `${full.map(({ host, freeKib }) => `${host} has ${mib(freeKib)} MiB left for leases`).join(', ')} (at least ${minFreeMib} are wanted)`,
    detail: ['A server that cannot write a lease stops the other one too: each waits for its partner.'],
    remedy: `Make room on ${full[0]?.host}: df -h /var, then e.g. sudo podman image prune and journalctl --vacuum-size=100M. The limit is kea_min_free_mib.`,
  };
}

function mib(kib = 0): string {
  return (kib / 1024).toFixed(kib < 10_240 ? 1 : 0);
}

/** Servers that answer must be in their normal states, unless one is alone: then nobody can be in its way. */
function judgePair(members: readonly MemberAnswer[], family: Family): Refusal | undefined {
  const alive = members.flatMap(({ host, daemons }) => {
    const status = daemons.get(family)?.status;
    return status === undefined ? [] : [{ host, status }];
  });
  const wrong = alive
    .map(({ host, status }) => ({ host, why: notNormal(status) }))
    .filter(({ why }) => why !== undefined);
  if (alive.length < 2 || wrong.length === 0) return undefined;
  const { name } = daemonOf(family);
  const isSplit = alive.every(({ status }) => status.state === 'partner-down');
  return {
    message: isSplit
      ? `${alive.map(({ host }) => host).join(' and ')} each serve alone: their ${name} servers run and cannot reach each other`
      : `${name} of ${wrong.map(({ host, why }) => `${host} ${why}`).join(', and that of ')}`,
    detail: alive.map(
      ({ host, status }) =>
        `${host}  ${name}  ${status.state ?? 'without HA'}${status.partner === undefined ? '' : `, partner ${status.partner.state}`}`,
    ),
    remedy: remedyFor(
      alive.map(({ status }) => status.state),
      name,
    ),
  };
}

function remedyFor(states: readonly (string | undefined)[], name: string): string {
  if (states.includes('terminated'))
    return `They ended their HA (clocks too far apart, or too many conflicts: see journalctl -u ${name}). When that is cured, restart it on both hosts, one after the other: systemctl restart ${name}`;
  if (states.every((state) => state === 'partner-down'))
    return 'Repair the network between the two: the HA port of each (kea_ha_port, TCP) must be open to the other. They find each other by themselves.';
  return `It usually settles by itself within seconds: run the same command again. If not, see journalctl -u ${name} on both hosts.`;
}

function judgeIds(
  { host, coming }: ChangeInput,
  members: readonly MemberAnswer[],
  family: Family,
): Refusal | undefined {
  const after = readPresent(family, coming.get(family) ?? '');
  const present = members.find((member) => member.host === host)?.daemons.get(family)?.config;
  const before = present === undefined ? undefined : readPresent(family, present);
  if (before === undefined || after === undefined) return undefined;
  const problems = changedIds(family, before, after);
  if (problems.length === 0) return undefined;
  return {
    message: `a subnet id would change its meaning: ${problems[0]}`,
    detail: problems,
    remedy: 'Leases are stored by subnet id: leave each subnet its id, and give a new one an id that was never used.',
  };
}

function judgeLeases(
  { host, coming }: ChangeInput,
  members: readonly MemberAnswer[],
  family: Family,
  warnings: string[],
): Refusal | undefined {
  const { leases: base } = daemonOf(family);
  const tables = members.map((member) => ({
    host: member.host,
    nowSec: member.timeSec ?? 0,
    table: readLeases(family, base, member.daemons.get(family)?.leaseFiles ?? []),
  }));
  const damaged = tables.filter(({ table }) => table.fatal.length > 0);
  if (damaged.length > 0)
    return damagedFile(
      damaged.flatMap((one) => one.table.fatal.map((line) => `${one.host}  ${line}`)),
      family,
    );
  for (const { host: where, table } of tables)
    if (table.skipped.length > 0)
      warnings.push(
        `${where}: ${table.skipped.length} damaged ${table.skipped.length === 1 ? 'row' : 'rows'} in its lease file, which Kea skips (${table.skipped[0]})`,
      );
  const after = readPresent(family, coming.get(family) ?? '');
  if (after === undefined) return undefined;
  const present = members.find((member) => member.host === host)?.daemons.get(family)?.config;
  const orphans = orphanedLeases(family, {
    before: present === undefined ? undefined : readPresent(family, present),
    after,
    leases: mergeLeases(tables.map(({ table }) => table.leases)),
    nowSec: Math.max(0, ...tables.map(({ nowSec }) => nowSec)),
  });
  return orphans.length === 0 ? undefined : orphaned(orphans);
}

function damagedFile(detail: readonly string[], family: Family): Refusal {
  const { name, leases } = daemonOf(family);
  return {
    message: `a lease file is damaged: ${detail[0]?.replace('  ', ': ')}`,
    detail,
    remedy: `${name} would not start again with it. On that host: systemctl stop ${name}; mv /var/lib/kea/${leases} /var/lib/kea/${leases}.damaged; systemctl start ${name}: it gets all leases from its partner.`,
  };
}

function orphaned(orphans: readonly ReturnType<typeof mergeLeases>[number][]): Refusal {
  const shown = orphans.slice(0, LEASES_SHOWN).map(({ address, client, hostname, expiresAt, subnetId }) => {
    const until = new Date(expiresAt * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
    return `${address}  ${client}${hostname === '' ? '' : `  ${hostname}`}  subnet ${subnetId}, until ${until}`;
  });
  const more = orphans.length - shown.length;
  return {
    message: `${orphans.length} ${orphans.length === 1 ? 'lease is' : 'leases are'} in use that no pool would hold any more`,
    detail: more > 0 ? [...shown, `… and ${more} more`] : shown,
    remedy:
      'Leave these addresses in a pool, reserve them for their clients, or wait until the leases are over. With --force-unsafe their clients are given other addresses when they renew.',
  };
}
