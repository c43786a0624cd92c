/** The ways back: what was staged is dropped, or the host returns to the release that it had. Only what it says afterwards counts. */
import { OutcomeUnknownError, ProbeFailedError } from '../engine/errors.ts';
import { failedProbes, probeLines } from '../engine/judge.ts';
import { callHost } from '../engine/verb.ts';
import { InfraError } from '../errors.ts';
import type { OsRevertCause } from '../host/os-verbs.ts';
import { osRevertCall } from '../host/os-verbs.ts';
import type { Connection } from '../ssh/transport.ts';
import { notBack } from './cross.ts';
import { HostStuckError } from './errors.ts';
import type { Event } from './machine.ts';
import { askOwnProbes } from './prepare.ts';
import { say, slotStatus, type Trip, type UpgradeJob } from './trip.ts';
import { pause, waitForBoot } from './wait-boot.ts';

/** A transaction may have to be cancelled first. ms */
const REVERT_MS = 310_000;
const ASK_AGAIN_MS = 1_000;
/** A slot that ended is put away within seconds; a host that does not answer has until its own deadline, and then this. ms */
const SLACK_MS = 60_000;
const SERVES_WITHIN_MS = 30_000;

/** Before the reboot: the host never left its release. */
export async function abandon(job: UpgradeJob, trip: Trip): Promise<Event> {
  const { ctx } = job;
  say(job, trip, 'dropping', 'what was staged');
  await askToRevert(job, trip, 'abort');
  const deadline = ctx.now() + trip.settings.withinSec * 1000 + SLACK_MS;
  for (;;) {
    const status = await slotStatus(job, trip);
    if (status?.state === 'reverted' || status?.state === 'none') return 'dropped';
    if (status?.state === 'applied' || status?.state === 'reverting') {
      trip.trialBoot = status.os?.trialBoot ?? '';
      return 'came-up-new';
    }
    if (status?.state === 'failed') return stuck(trip, status.reason);
    if (ctx.now() > deadline) return status === undefined ? unheard(trip) : stuck(trip, status.reason);
    await pause(ASK_AGAIN_MS);
    // The request was lost: the host's own deadline would do the same, in minutes.
    if (status?.state === 'armed') await askToRevert(job, trip, 'abort');
  }
}

/** It was not told to reboot, and does not answer: how it ended nobody knows, and it ends by itself. */
function unheard(trip: Trip): Event {
  const { name } = trip.host;
  trip.error = new OutcomeUnknownError(`${name} does not answer any more: nobody knows whether its upgrade is open`, {
    host: name,
    detail: trip.error === undefined ? [] : [trip.error.message],
    remedy: `It was not told to reboot, and drops by itself what was staged. When it is up again: run status ${name}; run upgrade --abort`,
  });
  return 'lost';
}

/** After the reboot, from wherever it is. */
export async function goBack(job: UpgradeJob, trip: Trip): Promise<Event> {
  const { ctx, settings } = { ...job, settings: trip.settings };
  say(job, trip, 'going back', `to ${trip.fromRelease.version}`);
  await askToRevert(job, trip, trip.isReleaseRed ? 'checks' : 'abort');
  // It goes back by itself when the request was lost: then its own deadline is waited for as well.
  const deadline = ctx.now() + (settings.withinSec + 2 * settings.rebootWithinSec) * 1000 + SLACK_MS;
  while (ctx.now() < deadline) {
    const booted = await waitForBoot(ctx, trip.host, { withinMs: deadline - ctx.now() });
    if (booted === undefined) break;
    const end = await ended(job, trip, booted.connection);
    if (end !== undefined) return end;
    await pause(ASK_AGAIN_MS);
  }
  return stuck(trip, undefined);
}

/** How the host itself has put it down; undefined: it has not ended yet, or cannot be asked. */
async function ended(job: UpgradeJob, trip: Trip, connection: Connection): Promise<Event | undefined> {
  const { fleet } = job;
  const { name } = trip.host;
  try {
    await fleet.reconnected(name, connection);
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return undefined;
  }
  const look = fleet.look(name);
  const past = look.past.find(({ id }) => id === trip.id);
  if (past?.state === 'reverted') {
    trip.past = past;
    return 'went-back';
  }
  if (past?.state === 'confirmed') {
    trip.past = past;
    return 'was-confirmed';
  }
  if (look.slot?.id === trip.id && look.slot.state === 'failed')
    return stuck(trip, (await slotStatus(job, trip))?.reason || look.slot.cause);
  return undefined;
}

async function askToRevert({ ctx }: UpgradeJob, trip: Trip, cause: OsRevertCause): Promise<void> {
  let connection: Connection | undefined;
  try {
    connection = await ctx.transport.connect(trip.host, { timeoutMs: ctx.deadlines.connectMs });
    const reason =
      trip.error === undefined
        ? 'it was asked for'
        : [trip.error.message, ...trip.error.detail].join('; ').slice(0, 500);
    await callHost(ctx, connection, osRevertCall(trip.id, cause, reason), 'going back', REVERT_MS);
  } catch (error) {
    // Asked for or not: the host's own guard does the same, and what it says afterwards decides.
    if (!(error instanceof InfraError)) throw error;
  } finally {
    await connection?.close();
  }
}

function stuck(trip: Trip, reason: string | undefined): Event {
  const { name } = trip.host;
  trip.error =
    reason === undefined
      ? notBack(trip)
      : new HostStuckError(`${name} could not go back to ${trip.fromRelease.version}: ${reason}`, {
          host: name,
          detail: trip.error === undefined ? [] : [trip.error.message],
          remedy: `Look at it (run ssh ${name}; rpm-ostree status). When it is as it should be: run unlock ${name}`,
        });
  return 'lost';
}

/** Words for the report: does it serve again what it served before? */
export async function servesAgain(job: UpgradeJob, trip: Trip): Promise<InfraError | undefined> {
  const { ctx } = job;
  const deadline = ctx.now() + SERVES_WITHIN_MS;
  for (;;) {
    const failed = failedProbes(await askOwnProbes(job, trip.host.name));
    if (failed.length === 0) return undefined;
    if (ctx.now() > deadline)
      return new ProbeFailedError(`${trip.host.name} is back on ${trip.fromRelease.version} and does not serve`, {
        host: trip.host.name,
        detail: probeLines(failed),
        remedy: `See what is wrong: run status ${trip.host.name}`,
      });
    await pause(ASK_AGAIN_MS);
  }
}
