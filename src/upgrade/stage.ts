/** From the open slot to what is staged, locked and proven. */
import { ApplyError, HostLockedError } from '../engine/errors.ts';
import { lockedMessage } from '../engine/locked.ts';
import { InfraError } from '../errors.ts';
import { osStageCall } from '../host/os-verbs.ts';
import type { HostStep } from '../host/steps.ts';
import { converse, type DialogueEnd } from './dialogue.ts';
import { UpgradeAbandonedError } from './errors.ts';
import { bootedRelease, releaseOfDeployment } from './fleet.ts';
import { keepDeadline } from './keeper.ts';
import type { Event } from './machine.ts';
import { requireGoOn } from './prepare.ts';
import { idFor, releaseName, sameRelease } from './release.ts';
import { fenceOf, say, type Trip, type UpgradeJob } from './trip.ts';
import { waitForBoot } from './wait-boot.ts';

/** Links that break while a release is downloaded: it goes on without us, and is joined again. */
const TRIES = 5;
const REACH_AGAIN_MS = 60_000;

export async function stage(job: UpgradeJob, trip: Trip): Promise<Event> {
  // The answer to the opening was lost: nobody knows how much of it was done.
  if (trip.error !== undefined) return 'drop';
  if (trip.action === 'rollback') return 'stage';
  const startedMs = job.ctx.now();
  say(job, trip, 'staging', releaseName(trip.release));
  const keeper = keepDeadline(job, trip);
  try {
    const end = await stageStubbornly(job, trip);
    if (end.last?.kind !== 'staged') return drop(trip, failureOf(trip, end));
    trip.to = end.last.to;
    trip.tookMs.stage = job.ctx.now() - startedMs;
    const wrong = whyNotProven(await job.fleet.relook(trip.host.name), trip);
    if (wrong !== undefined)
      return drop(
        trip,
        new UpgradeAbandonedError(`${trip.host.name}: what is staged is not what was asked for: ${wrong}`, {
          host: trip.host.name,
          remedy: 'Somebody else deploys on this host. See who, then run the same command again.',
        }),
      );
    requireGoOn(job, trip);
    return 'stage';
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return drop(trip, error);
  } finally {
    keeper.stop();
  }
}

export function drop(trip: Trip, error: InfraError): Event {
  trip.error = error;
  return 'drop';
}

async function stageStubbornly(job: UpgradeJob, trip: Trip): Promise<DialogueEnd> {
  const { ctx, fleet } = job;
  const { name } = trip.host;
  for (let tries = 1; ; tries++) {
    const booted = bootedRelease(fleet.look(name));
    const origin = booted?.origin ?? 'ostree';
    const id = idFor(trip.release, origin) ?? trip.release.version;
    const call = osStageCall(
      {
        ...fenceOf(job, trip),
        revision: origin === 'oci' ? id : `revision=${id}`,
        allowDowngrade: job.allowDowngrade,
      },
      ctx.helper,
    );
    const end = await converse(fleet.reached(name).connection, {
      command: call.command,
      what: 'staging',
      timeoutMs: trip.settings.stageWithinSec * 1000,
      onStep: (step) => tellProgress(job, trip, step),
    });
    if (end.lost === undefined || end.last?.kind === 'staged' || tries === TRIES) return end;
    if (!(await reachAgain(job, trip))) return end;
  }
}

function tellProgress(job: UpgradeJob, trip: Trip, step: HostStep): void {
  // When to reboot is ours to say.
  if (step.kind === 'progress' && !/systemctl reboot/.test(step.text)) say(job, trip, 'staging', step.text);
}

/** The same boot over a new link: the lease is still ours. */
async function reachAgain({ ctx, fleet, leases }: UpgradeJob, { host, bootId }: Trip): Promise<boolean> {
  const reached = await waitForBoot(ctx, host, { withinMs: REACH_AGAIN_MS });
  if (reached === undefined) return false;
  if (reached.bootId !== bootId) {
    await reached.connection.close();
    return false;
  }
  await fleet.reconnected(host.name, reached.connection);
  leases.moved({ name: host.name, connection: reached.connection });
  return true;
}

export function failureOf({ host, release }: Trip, { failure, lost }: DialogueEnd): InfraError {
  const { name } = host;
  if (failure?.error === 'locked')
    return new HostLockedError(lockedMessage(name, failure.holder, failure.message), {
      host: name,
      remedy: `See: run status ${name}`,
    });
  if (failure !== undefined)
    return new ApplyError(`${name}: ${releaseName(release)} could not be staged: ${failure.message}`, {
      host: name,
      detail: failure.detail,
      remedy: 'Correct what is said above, then run the same command again.',
    });
  return (
    lost ??
    new ApplyError(`${name}: staging ended without a word`, { host: name, remedy: 'Run the same command again.' })
  );
}

/** B1: what is staged is exactly what was asked for, and nobody's reboot can finalise it. undefined: so it is. */
function whyNotProven(look: ReturnType<UpgradeJob['fleet']['look']>, trip: Trip): string | undefined {
  const staged = look.deployments.find((one) => one.staged);
  if (look.bootId !== trip.bootId) return 'the host was booted meanwhile';
  if (look.slot?.id !== trip.id || look.slot.state !== 'armed') return `the slot is ${look.slot?.state ?? 'gone'}`;
  if (staged === undefined || staged.name !== trip.to) return `${staged?.version ?? 'nothing'} is staged`;
  if (!staged.locked) return 'it is not locked: any reboot would take it';
  const release = releaseOfDeployment(staged);
  return sameRelease(release, trip.release) ? undefined : `${releaseName(release)} is staged`;
}
