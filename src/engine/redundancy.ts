/** Redundancy groups: who stands in for whom, and whether a host may be touched now. Pure. */
import type { Host, Inventory } from '../inventory/model.ts';
import type { Probe, ProbeResult } from '../probes/types.ts';
import type { ZoneResource } from '../resources/types.ts';
import type { DesiredHost } from './desired.ts';
import { failedProbes } from './judge.ts';
import type { Observation } from './observation.ts';

export interface RedundancyGroup {
  /** The play's pattern: `dns`. */
  readonly name: string;
  readonly members: readonly Host[];
  /** Other members that must serve while one is touched. */
  readonly minHealthy: number;
}

/**
 * The hosts of a play stand in for each other. `minHealthy` is the var `redundancy` of the group that the pattern names, else
 * the host's own; 1 by default, and 0 where nobody could stand in.
 */
export function redundancyGroup(inventory: Inventory, pattern: string, members: readonly Host[]): RedundancyGroup {
  const declared = inventory.groups.get(pattern)?.vars['redundancy'] ?? members[0]?.vars['redundancy'];
  const wanted =
    typeof declared === 'object' && declared !== null && 'minHealthy' in declared ? Number(declared['minHealthy']) : 1;
  return { name: pattern, members, minHealthy: Math.min(wanted, Math.max(0, members.length - 1)) };
}

/** What a member was seen as at one moment. */
export interface MemberHealth {
  readonly name: string;
  /** All its probes passed. A member that cannot be asked does not serve. */
  readonly serves: boolean;
  /** At least one answer came: the service exists there, however badly. */
  readonly answers: boolean;
  /** A generation of this service was once confirmed there. */
  readonly confirmed: boolean;
  readonly failed: readonly ProbeResult[];
  /** Why it could not be asked. */
  readonly unreachable?: string;
}

/**
 * The probes that a member must pass: its own zones and serials, those of its last confirmed generation. Without one, every zone of the
 * inventory with any serial: a pair that was set up by hand is protected too.
 */
export function memberProbes(desired: DesiredHost, observation: Observation): readonly Probe[] {
  return desired.probes(memberSerials(desired, observation)).filter(isMembersOwn(desired, observation));
}

/** By zone name: the serials of the zone files that were confirmed on the member. */
export function memberSerials(desired: DesiredHost, observation: Observation): ReadonlyMap<string, number> {
  const managed = new Set(observation.managed.map(({ path }) => path));
  return new Map(
    zonesOf(desired).flatMap(({ zone, path }) => {
      const serial = managed.has(path) ? observation.zoneSerials.get(path) : undefined;
      return serial === undefined ? [] : [[zone.name, serial] as const];
    }),
  );
}

/** Which of the probes say something of the member's own confirmed state, and not of what this run describes. */
export function isMembersOwn(desired: DesiredHost, observation: Observation): (probe: Probe) => boolean {
  const managed = new Set(observation.managed.map(({ path }) => path));
  const known = new Set(
    zonesOf(desired)
      .filter(({ path }) => managed.has(path))
      .map(({ zone }) => zone.name),
  );
  const isConfirmed = hasConfirmed(desired, observation);
  return (probe) => {
    // The hash of the configuration that this run describes says nothing of the one that the member has confirmed.
    if (probe.kind === 'dns-version' || (probe.kind === 'host' && probe.ofDescription === true)) return false;
    return !isConfirmed || probe.kind !== 'dns-zone' || known.has(probe.zone);
  };
}

function zonesOf({ resources }: DesiredHost): readonly ZoneResource[] {
  return resources.flatMap(({ resource }) => (resource.kind === 'zone' ? [resource] : []));
}

/** Something of these roles was once confirmed on the host. */
export function hasConfirmed(desired: DesiredHost, observation: Observation): boolean {
  return observation.managed.some(({ role }) => desired.roles.includes(role));
}

export function memberHealth(
  desired: DesiredHost,
  observation: Observation,
  results: readonly ProbeResult[],
): MemberHealth {
  const failed = failedProbes(results);
  return {
    name: desired.host.name,
    serves: failed.length === 0,
    answers: results.some(({ ok, silent }) => ok && silent !== true),
    confirmed: hasConfirmed(desired, observation),
    failed,
  };
}

export type GateVerdict =
  | { readonly open: true; readonly why: 'peers-serve' | 'repair' | 'not-in-service' | 'nobody-stands-in' }
  | { readonly open: false; readonly healthy: readonly string[]; readonly missing: readonly MemberHealth[] };

/** The rule of the peer gate: a host that serves is touched only while enough others do. */
export function peerGate(group: RedundancyGroup, target: MemberHealth, others: readonly MemberHealth[]): GateVerdict {
  if (group.minHealthy === 0) return { open: true, why: 'nobody-stands-in' };
  const healthy = others.filter(({ serves }) => serves);
  if (healthy.length >= group.minHealthy) return { open: true, why: 'peers-serve' };
  const everyone = [target, ...others];
  if (everyone.every(({ confirmed, answers }) => !confirmed && !answers)) return { open: true, why: 'not-in-service' };
  if (!target.serves) return { open: true, why: 'repair' };
  return { open: false, healthy: healthy.map(({ name }) => name), missing: others.filter(({ serves }) => !serves) };
}
