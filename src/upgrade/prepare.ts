/** From `waiting` to the open slot: everything that may refuse does so before anything is written. */

import { askProbes } from '../engine/ask.ts';
import { InterruptedError, RefusedError } from '../engine/errors.ts';
import { failedProbes, judgeUnits, probeLines } from '../engine/judge.ts';
import { hasConfirmed, memberProbes } from '../engine/redundancy.ts';
import { callFor } from '../engine/verb.ts';
import { InfraError } from '../errors.ts';
import { helperVersion } from '../host/helper.ts';
import type { OsLook } from '../host/os-look.ts';
import { osOpenCall } from '../host/os-verbs.ts';
import { installCall } from '../host/verbs.ts';
import type { Host } from '../inventory/model.ts';
import type { Probe, ProbeResult } from '../probes/types.ts';
import { carriedBy } from './carried.ts';
import { converge } from './converge.ts';
import { NotUpgradableError } from './errors.ts';
import { bootedRelease } from './fleet.ts';
import type { Event } from './machine.ts';
import { isZincatis, preflight } from './outcome.ts';
import { clockBase } from './own-clock.ts';
import { idFor } from './release.ts';
import type { RollOut } from './roll-out.ts';
import { say, slotStatus, type Trip, type UpgradeJob } from './trip.ts';
import { neededMs, requireWindow } from './windows-now.ts';

/** Holding Zincati, waking the guard and pinning are over in a second or two; a busy ostree is waited for. ms */
const OPEN_MS = 90_000;
const INSTALL_MS = 60_000;
/** While other hosts had their turn, somebody may have been here. */
const RECENT_MS = 15_000;

export async function prepare(job: UpgradeJob, trip: Trip): Promise<Event> {
  const { ctx, fleet, leases } = job;
  const { name } = trip.host;
  try {
    requireGoOn(job, trip);
    requireWindow(job, trip, neededMs(trip));
    say(job, trip, 'checking', 'deployments, services and peers');
    requireUpgradable(await fleet.recentLook(name, RECENT_MS), trip);
    // Whoever wants the release of before back does so because this one does not serve.
    trip.clockBase = clockBase(job.wallMs(), ctx.now());
    if (trip.action === 'upgrade') await proveHealthy(job, trip);
    const { notes } = await (await fleet.standIns(name)).prove(new Set([name]), ctx.options.forceUnsafe);
    for (const message of notes) ctx.emit({ event: 'warning', message });
    if (trip.action === 'upgrade') await converge(job, trip);
    // Its Zincati, or a person, would reboot it in this minute: that it may is left to the opening of the slot, which holds Zincati.
    await takeLeases(job, name, new Set());
    await installHelper(job, trip);
    noteStart(await fleet.relook(name), trip);
    requireGoOn(job, trip);
    await leases.renew([name]);
  } catch (error) {
    return refused(trip, error);
  }
  return open(job, trip);
}

function refused(trip: Trip, error: unknown): Event {
  if (!(error instanceof InfraError)) throw error;
  trip.error = error;
  return 'refuse';
}

export function requireGoOn({ interrupted }: UpgradeJob, { host }: Pick<Trip, 'host'>): void {
  if (interrupted.aborted)
    throw new InterruptedError(`interrupted before ${host.name} was touched`, {
      host: host.name,
      remedy: 'Run the same command again.',
    });
}

/** All members of all groups of the host, in one go; all but `mayReboot` are kept from rebooting. Those that cannot be reached do not serve: the peer gate has judged that. */
export async function takeLeases(
  { fleet, leases }: UpgradeJob,
  host: string,
  mayReboot: ReadonlySet<string> = new Set([host]),
): Promise<void> {
  const partners = fleet.partners(host).map(({ desired, connection }) => ({ name: desired.host.name, connection }));
  await leases.acquire(partners, mayReboot);
}

function requireUpgradable(look: OsLook, trip: Trip): void {
  const error = whyNotUpgradable(look, trip);
  if (error !== undefined) throw error;
}

/** By what the host said last; undefined: nothing speaks against it. */
export function whyNotUpgradable(
  look: OsLook,
  { host: { name }, settings }: Pick<Trip, 'host' | 'settings'>,
): NotUpgradableError | undefined {
  const obstacle = preflight(look, { host: name, bootBytes: settings.bootBytes });
  if (obstacle !== undefined) return new NotUpgradableError(obstacle.message, { host: name, remedy: obstacle.remedy });
  const isForeign = look.inhibitors.filter((words) => !words.startsWith('coreos-infra'));
  if (isForeign.length === 0) return undefined;
  return new NotUpgradableError(`${name} may not be rebooted now: somebody holds it back`, {
    host: name,
    detail: isForeign,
    remedy: `Wait until that is over. On ${name}: systemd-inhibit --list`,
  });
}

/** --check: what would keep the host from being begun, were it begun now. */
export function warnOfObstacle({ ctx, fleet, input }: RollOut, host: Host): void {
  const error = whyNotUpgradable(fleet.look(host.name), { host, settings: input.settings(host) });
  if (error === undefined) return;
  const { message, detail, remedy } = error;
  ctx.emit({
    event: 'warning',
    host: host.name,
    message: [`${host.name} would be refused now: ${message}`, ...detail].join('; '),
    remedy,
  });
}

/** Under the lease, once more: what is found now is what the host is held to. */
function noteStart(look: OsLook, trip: Trip): void {
  requireUpgradable(look, trip);
  const booted = bootedRelease(look);
  if (booted === undefined) throw new Error('preflight lets no host pass that was not booted from ostree');
  trip.from = look.booted;
  trip.fromRelease = booted.release;
  trip.bootId = look.bootId;
  trip.carried = carriedBy(look);
  if (trip.action === 'upgrade') return;
  const target = look.deployments.find((one) => one.name === trip.to);
  if (target === undefined)
    throw new NotUpgradableError(
      `${trip.host.name} does not have ${trip.release.version || trip.to} on disk any more`,
      {
        host: trip.host.name,
        remedy: `See what it has: run status ${trip.host.name}`,
      },
    );
}

/** A host that does not serve would only seem to have been broken by the upgrade. */
export async function proveHealthy(job: UpgradeJob, { host }: Pick<Trip, 'host'>): Promise<void> {
  const failed = failedProbes(await askOwnProbes(job, host.name));
  if (failed.length === 0) return;
  const error = new RefusedError(`${host.name} does not serve as it should already before its upgrade`, {
    host: host.name,
    detail: probeLines(failed),
    remedy: `Repair it first, or see what is wrong: run status ${host.name}`,
  });
  if (!job.ctx.options.forceUnsafe) throw error;
  job.ctx.emit({
    event: 'warning',
    host: host.name,
    message: `${error.message}. Touched all the same, because of --force-unsafe.`,
  });
}

/** What the host's own confirmed roles promise; with three tries, since one lost packet is no failure. */
export async function askOwnProbes(job: UpgradeJob, host: string): Promise<readonly ProbeResult[]> {
  const { fleet, ctx } = job;
  const { observation } = fleet.reached(host);
  const probes = ownProbes(job, host);
  const results = await askProbes(ctx, probes, { timeoutMs: 1_000, tries: 3 }, vantages(job, host));
  return judgeUnits(probes, results, observation);
}

export function ownProbes({ fleet }: UpgradeJob, host: string): readonly Probe[] {
  const { observation } = fleet.reached(host);
  return fleet
    .rolesOf(host)
    .filter(({ desired }) => hasConfirmed(desired, observation))
    .flatMap(({ desired }) => memberProbes(desired, observation));
}

export function vantages({ fleet }: UpgradeJob, host: string) {
  const all = fleet.partners(host).map(({ desired, connection }) => ({ name: desired.host.name, connection }));
  return [...all.filter(({ name }) => name !== host), ...all.filter(({ name }) => name === host)];
}

export async function installHelper({ ctx, fleet }: UpgradeJob, { host }: Pick<Trip, 'host'>): Promise<void> {
  const { observation, connection } = fleet.reached(host.name);
  if (observation.facts.helperVersion === helperVersion(ctx.helper)) return;
  await callFor(ctx, connection, installCall(ctx.helper), 'installing the guard', 'installed', INSTALL_MS);
}

async function open(job: UpgradeJob, trip: Trip): Promise<Event> {
  const { ctx, fleet, leases } = job;
  const { name } = trip.host;
  const look = fleet.look(name);
  const origin = bootedRelease(look)?.origin ?? 'ostree';
  const staged = look.deployments.find((one) => one.staged);
  say(job, trip, 'opening', `the way back is ${trip.fromRelease.version}`);
  try {
    await callFor(
      ctx,
      fleet.reached(name).connection,
      osOpenCall(
        {
          id: trip.id,
          token: leases.token(name),
          bootId: trip.bootId,
          owner: ctx.owner,
          run: ctx.run,
          action: trip.action,
          from: trip.from,
          fromVersion: trip.fromRelease.version,
          fromTarget: idFor(trip.fromRelease, origin) ?? '',
          to: trip.to,
          toVersion: trip.release.version,
          target: idFor(trip.release, origin) ?? '',
          withinSec: trip.settings.withinSec,
          units: unitsToWatch(job, name),
          checkAfterSec: trip.settings.checkAfterSec,
          dropStaged: staged !== undefined && isZincatis(look, staged) ? staged.checksum : '',
        },
        ctx.helper,
      ),
      'opening the upgrade',
      'opened',
      OPEN_MS,
    );
    return 'open';
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    trip.error = error;
    // The answer may be lost and the slot open all the same: then, or when the host cannot be asked, it is ended as one that is open.
    const status = await slotStatus(job, trip);
    return status?.state === 'none' || status?.state === 'reverted' ? 'refuse' : 'open';
  }
}

/** Units of confirmed roles: what was active has to be active in the trial, as the host itself sees it. */
function unitsToWatch({ fleet }: UpgradeJob, host: string): readonly string[] {
  const { observation } = fleet.reached(host);
  const roles = fleet.rolesOf(host).filter(({ desired }) => hasConfirmed(desired, observation));
  const units = roles.flatMap(({ desired }) =>
    desired.resources.flatMap(({ resource }) =>
      resource.kind === 'unit' || resource.kind === 'quadlet' ? [resource.unit] : [],
    ),
  );
  return [...new Set(units)].filter((unit) => observation.units.get(unit)?.active === 'active');
}
