/** The configuration of a host before and after its upgrade: brought up to date before, compared after. */

import type { EngineEvent } from '../engine/events.ts';
import { mergedRoles } from '../engine/host-roles.ts';
import { plan } from '../engine/plan.ts';
import { preparePlay, runPlay } from '../engine/play.ts';
import { hasConfirmed, memberSerials } from '../engine/redundancy.ts';
import { NotUpgradableError } from './errors.ts';
import { say, type Trip, type UpgradeJob } from './trip.ts';

/** Resources that are not as they are described: of roles that were once confirmed on the host. Nothing is asked of it: its last observation says it. */
export function driftOf({ fleet }: UpgradeJob, host: string): readonly string[] {
  const { observation } = fleet.reached(host);
  const roles = fleet.rolesOf(host).filter(({ desired }) => hasConfirmed(desired, observation));
  if (roles.length === 0) return [];
  const desired = mergedRoles(fleet.reached(host).desired.host, roles);
  return [...new Set(plan({ desired, observation, serials: memberSerials(desired, observation) }).map(({ id }) => id))];
}

/**
 * A config change set of its own, confirmed and archived before the slot is opened: both releases then have what is described, whichever
 * of them is kept. Roles that were never deployed there stay so. Throws NotUpgradableError.
 */
export async function converge(job: UpgradeJob, trip: Trip): Promise<void> {
  const { ctx, fleet, leases, playbooks } = job;
  const { name } = trip.host;
  if (driftOf(job, name).length === 0) return;
  // A deployment takes leases of its own; those of the host before would keep it out. They are taken again before the slot is opened.
  await leases.release();
  say(job, trip, 'converging', 'the configuration that both releases need');
  const { observation } = fleet.reached(name);
  const known = new Set(
    fleet
      .rolesOf(name)
      .filter(({ desired }) => hasConfirmed(desired, observation))
      .map(({ role }) => role),
  );
  const quiet = {
    ...ctx,
    emit: (event: EngineEvent) => passOn(event, ctx.emit),
    options: { ...ctx.options, limit: name, check: false },
  };
  const seen = new Set<string>();
  for (const play of playbooks.flatMap(({ plays }) => plays)) {
    const roles = play.roles.filter(({ role }) => known.has(role.name) && !seen.has(role.name));
    if (roles.length === 0 || !fleet.rolesOf(name).some(({ pattern }) => pattern === play.hosts)) continue;
    for (const { role } of roles) seen.add(role.name);
    const prepared = preparePlay(quiet, { ...play, roles, before: [], after: [] });
    const [ended] = (await runPlay(quiet, prepared)).hosts;
    if (ended === undefined || ended.status === 'ok' || ended.status === 'changed') continue;
    throw new NotUpgradableError(`the configuration of ${name} could not be brought up to date before its upgrade`, {
      host: name,
      detail: ended.error === null ? [] : [ended.error.message, ...ended.error.detail],
      remedy: ended.error?.remedy ?? `See: run status ${name} --drift`,
    });
  }
  await fleet.reobserve(name);
}

/** The end of a change set is not the end of the host. */
function passOn(event: EngineEvent, emit: (event: EngineEvent) => void): void {
  if (event.event === 'warning' || event.event === 'host-step' || event.event === 'probe') emit(event);
}
