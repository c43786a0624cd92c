/** fleetStatus(): one look at every host and its services, side by side. Reads only: it takes no lease and writes nothing. */
import { InfraError } from '../errors.ts';
import { helperVersion } from '../host/helper.ts';
import { statusCall } from '../host/verbs.ts';
import type { Host } from '../inventory/model.ts';
import type { Connection } from '../ssh/transport.ts';
import { mapBounded } from './concurrency.ts';
import { errorReport } from './error-report.ts';
import type { FleetStatus, HostStatusReport } from './fleet.ts';
import { driftedPaths } from './hand-edit.ts';
import { type HostRole, servicesOf } from './host-roles.ts';
import { openSlot } from './locked.ts';
import type { Observation } from './observation.ts';
import type { RunContext } from './run-context.ts';
import { type HostLook, lookAt, type RoleLook } from './status-look.ts';
import { guardOf, lastUpgradeOf, osStateOf, zincatiStateOf } from './status-os.ts';
import { serviceStates } from './status-services.ts';
import { callHost } from './verb.ts';

export interface StatusInput {
  readonly hosts: readonly Host[];
  /** Of all hosts of the inventory: members outside `hosts` say whether a service is in service. */
  readonly roles: readonly HostRole[];
  readonly problems: readonly InfraError[];
  /** Also the lines of hand edits, and what is described and not applied. */
  readonly drift: boolean;
}

/** Never throws for what hosts do. `ctx.emit` hears warnings only. */
export async function fleetStatus(ctx: RunContext, input: StatusInput): Promise<FleetStatus> {
  const notes: string[] = [];
  const quiet: RunContext = {
    ...ctx,
    emit: (event) => {
      if (event.event === 'warning') notes.push(event.message);
    },
  };
  const looks = await mapBounded(input.hosts, ctx.options.forks, (host) =>
    lookAt(
      quiet,
      host,
      input.roles.filter((role) => role.host.name === host.name),
    ),
  );
  try {
    const services = await serviceStates(quiet, looks, input.roles);
    const details = input.drift ? await readDetails(quiet, looks, input.roles) : undefined;
    const hosts: HostStatusReport[] = [];
    for (const look of looks) {
      const report = await hostReport(quiet, look, services.get(look.host.name) ?? {});
      hosts.push({ ...report, ...details?.get(look.host.name) });
    }
    return {
      services: servicesOf(input.roles.filter(({ host }) => input.hosts.includes(host))),
      hosts,
      problems: input.problems.map(errorReport),
      notes,
    };
  } finally {
    await Promise.all(looks.map(({ connection }) => connection?.close()));
  }
}

async function readDetails(
  ctx: RunContext,
  looks: readonly HostLook[],
  roles: readonly HostRole[],
): Promise<ReadonlyMap<string, Pick<HostStatusReport, 'drift' | 'pending'>>> {
  const { driftDetails } = await import('./status-drift.ts');
  return driftDetails(ctx, looks, roles);
}

async function hostReport(
  ctx: RunContext,
  { host, observation, connection, error, roles, os }: HostLook,
  services: HostStatusReport['services'],
): Promise<HostStatusReport> {
  const base = { name: host.name, address: host.address, services };
  if (observation === undefined || connection === undefined)
    return {
      ...base,
      reached: false,
      os: null,
      generation: 0,
      helper: null,
      changeSet: null,
      lease: null,
      reverted: null,
      drift: [],
      undescribed: [],
      error: errorReport(error),
    };
  const { facts, lease, generation, reverted } = observation;
  const slot = openSlot(observation.slot);
  const version = facts.helperVersion;
  return {
    ...base,
    reached: true,
    os: osStateOf(facts, os?.look),
    zincati: zincatiStateOf(os?.look),
    clock: os?.clock ?? null,
    uptimeSec: os?.machine?.uptimeSec ?? null,
    guard: guardOf(version, os?.machine),
    lastUpgrade: lastUpgradeOf(os?.look),
    generation,
    helper: version === '' ? null : { version, isCurrent: version === helperVersion(ctx.helper) },
    changeSet: slot === undefined ? null : { ...slot, ...(await reasonOf(ctx, connection, slot)) },
    lease: lease === undefined || lease.expiresInSec <= 0 ? null : lease,
    reverted: reverted ?? null,
    drift: driftedPaths(observation),
    undescribed: undescribedRoles(observation, roles),
    error: null,
  };
}

/** Why a change set failed, in the host's own words: a person has to look at that one. */
async function reasonOf(
  ctx: RunContext,
  connection: Connection,
  { id, state }: { readonly id: string; readonly state: string },
): Promise<{ readonly reason?: string }> {
  if (state !== 'failed' && state !== 'reverting') return {};
  try {
    const last = (await callHost(ctx, connection, statusCall(id), 'asking how the change stands')).at(-1);
    return last?.kind === 'status' && last.reason !== '' ? { reason: last.reason } : {};
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return {};
  }
}

function undescribedRoles({ managed }: Observation, looks: readonly RoleLook[]): HostStatusReport['undescribed'] {
  const known = new Set(looks.map(({ role }) => role.role));
  const files = new Map<string, number>();
  for (const { role, kind } of managed) {
    if (!known.has(role)) files.set(role, (files.get(role) ?? 0) + (kind === 'directory' ? 0 : 1));
  }
  return [...files].map(([role, count]) => ({ role, files: count }));
}
