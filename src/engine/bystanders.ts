/**
 * Services of a host that a change does not mean to touch. A packet filter, a login or a kernel setting can break them all the same: what
 * answered before a change has to answer after it, and a peer whose own roles have no service stands in by those of its other roles.
 */
import type { Probe, ProbeResult } from '../probes/types.ts';
import type { Vantage } from '../probes/via-host.ts';
import { askProbes } from './ask.ts';
import type { DesiredHost } from './desired.ts';
import { mergedRoles } from './host-roles.ts';
import { probeUntil } from './judge.ts';
import type { Observation } from './observation.ts';
import { isMembersOwn } from './redundancy.ts';
import type { RunContext } from './run-context.ts';
import type { Survey } from './survey.ts';

/**
 * The other roles that were once deployed on the host, as one; undefined: there are none, or nobody knows the project. What systemd says of
 * their units was not observed, and no answer to DHCP proves nothing on a standby: Kea's own state on the host is asked instead.
 */
async function otherRoles(
  ctx: RunContext,
  desired: DesiredHost,
  { managed }: Observation,
): Promise<DesiredHost | undefined> {
  const deployed = new Set(managed.map(({ role }) => role).filter((role) => !desired.roles.includes(role)));
  if (deployed.size === 0) return undefined;
  const { host } = desired;
  const roles = ((await ctx.projectRoles?.()) ?? []).filter(
    (one) => one.host.name === host.name && deployed.has(one.role),
  );
  if (roles.length === 0) return undefined;
  const merged = mergedRoles(host, roles);
  return {
    ...merged,
    probes: (serials) => merged.probes(serials).filter(({ kind }) => kind !== 'unit' && kind !== 'dhcp'),
  };
}

/** Probes of the host's other services: those that say something of what is confirmed there. */
export async function otherProbes(
  ctx: RunContext,
  desired: DesiredHost,
  observation: Observation,
): Promise<readonly Probe[]> {
  const others = await otherRoles(ctx, desired, observation);
  return others === undefined ? [] : others.probes(new Map()).filter(isMembersOwn(others, observation));
}

/** What passed before a change. An answer to this machine is not replaced by one that only the host itself still gets. */
export interface Bystanders {
  readonly fromHere: readonly Probe[];
  /** Were out of reach before, or are asked on the host alone. */
  readonly fromHosts: readonly Probe[];
}

/** Those of the probes that pass now. */
export async function passing(
  ctx: RunContext,
  probes: readonly Probe[],
  vantages: readonly Vantage[],
): Promise<Bystanders> {
  const results = probes.length === 0 ? [] : await askProbes(ctx, probes, { timeoutMs: 1_000, tries: 2 }, vantages);
  const passed = probes.filter((_, index) => results[index]?.ok === true && results[index]?.silent !== true);
  const fromHere = passed.filter(
    (probe) => results[probes.indexOf(probe)]?.from === undefined && probe.kind !== 'host',
  );
  return { fromHere, fromHosts: passed.filter((probe) => !fromHere.includes(probe)) };
}

/** Asks them until all pass again, or time is up: the last answers. */
export async function passingAgain(
  ctx: RunContext,
  { fromHere, fromHosts }: Bystanders,
  withinMs: number,
  vantages: readonly Vantage[],
): Promise<readonly ProbeResult[]> {
  const ask = async (probes: readonly Probe[], from: readonly Vantage[]): Promise<readonly ProbeResult[]> =>
    probes.length === 0 ? [] : probeUntil(ctx, probes, withinMs, from);
  return (await Promise.all([ask(fromHere, []), ask(fromHosts, vantages)])).flat();
}

/** Roles without probes of their own (`base`) are judged, as members, by the other services of their hosts. */
export async function withOtherServices(ctx: RunContext, survey: Survey): Promise<Survey> {
  if (!('connection' in survey) || survey.desired.probes(new Map()).length > 0) return survey;
  const others = await otherRoles(ctx, survey.desired, survey.observation);
  return others === undefined
    ? survey
    : { ...survey, desired: mergedRoles(survey.desired.host, [survey, { desired: others }]) };
}
