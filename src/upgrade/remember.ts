/** What the fleet learns from the end of one host's upgrade: how long it took, and what no host shall take again. */
import { Leases } from '../engine/leases.ts';
import { isSurveyed, type SurveyedHost } from '../engine/survey.ts';
import { callFor } from '../engine/verb.ts';
import { InfraError } from '../errors.ts';
import { osDenyCall, osUndenyCall } from '../host/os-verbs.ts';
import type { DeniedRelease } from './deny.ts';
import { type HostUpgradeEnd, isDenying } from './host-upgrade.ts';
import { type Release, releaseName, sameRelease } from './release.ts';
import type { RollOut } from './roll-out.ts';
import type { Trip } from './trip.ts';

export async function remember(rollOut: RollOut, trip: Trip, { state }: HostUpgradeEnd): Promise<void> {
  const { host, past, fromRelease, release } = trip;
  if (state === 'rolled-back' && isDenying(past?.cause)) {
    const reason = past?.reason || past?.detail[0] || '';
    return deny(rollOut, { ...release, host: host.name, reason, at: now(rollOut) }, past?.cause ?? 'checks');
  }
  if (state !== 'upgraded') return;
  if (trip.action === 'upgrade') return rememberUpgrade(rollOut, trip);
  // A person has judged what was left; the host itself has noted it with the end of the slot.
  const reason = `${rollOut.ctx.owner} went back by hand`;
  return deny(rollOut, { ...fromRelease, host: host.name, reason, at: now(rollOut) }, 'person');
}

function now({ input }: RollOut): string {
  return new Date(input.wallMs()).toISOString();
}

function rememberUpgrade(rollOut: RollOut, { host, release, startedMs }: Trip): void {
  const { memory } = rollOut.input;
  const tookSec = Math.round((rollOut.ctx.now() - startedMs) / 1000);
  memory.took(host.name, { version: releaseName(release), at: now(rollOut), tookSec });
  rollOut.proven.push(release);
}

/**
 * At the end of a roll-out: what was denied, taken all the same, and holds, is forgiven, here and on all hosts. Not before: the Zincati
 * of a host that is still to come would take it, now that it may.
 */
export async function forgive(rollOut: RollOut): Promise<void> {
  for (const release of rollOut.proven.splice(0)) {
    rollOut.input.memory.allow(release);
    await undeny(rollOut, release);
  }
}

/** In this machine's store, and on every host of the roll-out: whichever of them is asked next, also by another controller, knows it. */
async function deny(rollOut: RollOut, denied: DeniedRelease, cause: string): Promise<void> {
  rollOut.input.memory.deny(denied);
  rollOut.proven.splice(0, Number.POSITIVE_INFINITY, ...rollOut.proven.filter((one) => !sameRelease(one, denied)));
  const entry = {
    checksum: '',
    target: denied.digest ?? denied.checksum ?? '',
    version: denied.version,
    cause,
    reason: `${denied.host}: ${denied.reason}`,
    run: rollOut.job().ctx.run,
  };
  for (const survey of others(rollOut, denied.host)) {
    const { name } = survey.desired.host;
    try {
      await underLease(rollOut, survey, async ({ connection, token }) => {
        const { ctx } = rollOut.job();
        await callFor(ctx, connection, osDenyCall(token, entry), 'noting the denied release', 'denied', DENY_MS);
      });
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      rollOut.ctx.emit({
        event: 'warning',
        host: name,
        message: `${name} could not be told that ${releaseName(denied)} is denied: ${error.message}`,
        remedy: `Its own Zincati, where it is enabled, may take that release. This machine remembers it: run upgrade does not take it.`,
      });
    }
  }
}

/** Zincati may have to be stopped there, and what it is at waited for. ms */
const DENY_MS = 90_000;

async function undeny(rollOut: RollOut, release: Release): Promise<void> {
  const name = release.digest ?? release.checksum ?? release.version;
  for (const survey of others(rollOut)) {
    if (rollOut.fleet.look(survey.desired.host.name).denied.length === 0) continue;
    try {
      await underLease(rollOut, survey, async ({ connection, token }) => {
        const { ctx } = rollOut.job();
        await callFor(ctx, connection, osUndenyCall(token, name), 'forgetting the denied release', 'undenied');
      });
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
    }
  }
}

/** All hosts of the roll-out and who stands in for them, those that can be reached. */
function others({ fleet, input }: RollOut, except?: string): readonly SurveyedHost[] {
  return fleet
    .withMembers(input.hosts)
    .filter(({ name }) => name !== except)
    .map(({ name }) => fleet.survey(name))
    .filter(isSurveyed);
}

interface Held {
  readonly token: string;
  readonly connection: SurveyedHost['connection'];
}

/** Under the lease that is held, or one that is taken for this alone. Throws what keeps it from being taken. */
async function underLease(
  rollOut: RollOut,
  { desired, connection }: SurveyedHost,
  work: (held: Held) => Promise<void>,
): Promise<void> {
  const { ctx, leases } = rollOut.job();
  const { name } = desired.host;
  const held = leases.holding(name);
  if (held !== undefined) return work(held);
  const own = new Leases(ctx, `the deny list, for ${rollOut.input.name}`);
  try {
    await own.acquire([{ name, connection }], new Set([name]));
    await work({ token: own.token(name), connection });
  } finally {
    await own.release();
  }
}
