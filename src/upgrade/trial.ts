/** The trial: what came up has to prove itself, go on proving itself, and is then confirmed over a fresh connection. */
import { askProbes } from '../engine/ask.ts';
import { ProbeFailedError } from '../engine/errors.ts';
import { judgeUnits, probeLines, tellProbes } from '../engine/judge.ts';
import { callHost } from '../engine/verb.ts';
import { InfraError } from '../errors.ts';
import { confirmCall } from '../host/verbs.ts';
import type { ProbeTiming } from '../probes/run.ts';
import type { ProbeResult } from '../probes/types.ts';
import type { Connection } from '../ssh/transport.ts';
import { carriedBy, notCarried } from './carried.ts';
import { driftOf } from './converge.ts';
import { RolledBackError } from './errors.ts';
import { type Keeper, keepDeadline } from './keeper.ts';
import type { Event } from './machine.ts';
import { blamesOwnClock, clockBase } from './own-clock.ts';
import { ownProbes, vantages } from './prepare.ts';
import { releaseName } from './release.ts';
import { failing, isTogether, ofServices, withoutSettling } from './settling.ts';
import { say, slotStatus, type Trip, type UpgradeJob } from './trip.ts';
import { pause, waitForBoot } from './wait-boot.ts';

/** Containers take their time after a boot; the host's own look at its units may end it before. ms */
const UP_MS = 60_000;
const LOOK_AGAIN_MS = 200;
/** Of a look that counts. After a boot the first ones wait less for an answer: a service that does not listen yet is asked again soon. */
const PATIENT = { timeoutMs: 1_000, tries: 2 };
const EAGER = [
  { timeoutMs: 250, tries: 1 },
  { timeoutMs: 500, tries: 1 },
] as const;
/** Of the probes during the soak, and of what people see of it. ms */
const SOAK_EVERY_MS = 2_000;
const SOAK_TOLD_MS = 5_000;
/** A service that answers again so soon was not away. ms */
const BLIP_MS = 2_000;
/**
 * A confirm whose answer is lost is asked for again: repeated, it gets the same answer. So often, and for so long: an sshd that turns connections
 * away for a while (PerSourcePenalties, MaxStartups) says nothing about the release.
 */
const CONFIRM_TRIES = 5;
const CONFIRM_MS = 30_000;
const CONFIRM_AGAIN_MS = 500;

export async function prove(job: UpgradeJob, trip: Trip): Promise<Event> {
  const { ctx, fleet, leases } = job;
  const { name } = trip.host;
  let keeper: Keeper | undefined;
  trip.clockBase ??= baseNow(job);
  trip.together = { sinceMs: ctx.now(), services: [] };
  try {
    say(job, trip, 'verifying', `${releaseName(trip.release)} is booted`);
    await leases.takeAgain({ name, connection: fleet.reached(name).connection });
    keeper = keepDeadline(job, trip);
    const results = await probesWithin(job, trip, UP_MS, EAGER);
    if (results === undefined) return endedByItself(job, trip);
    trip.drift = driftOf(job, name);
    tellNotCarried(job, trip);
    // A clock that was started with the host is not synchronised yet: what is still in doubt after the soak is told then.
    tellProbes(ctx, name, withoutSettling(results).map(withoutDoubt));
    return trip.lastFailed.length === 0 ? 'prove' : red(job, trip);
  } catch (error) {
    return broken(trip, error);
  } finally {
    keeper?.stop();
  }
}

/** Layered packages and kernel arguments: told, and no reason to go back. A rollback goes to those of the older deployment. */
function tellNotCarried({ ctx, fleet }: UpgradeJob, trip: Trip): void {
  const { host, action, carried } = trip;
  if (carried === undefined || action === 'rollback') return;
  const changed = notCarried(carried, carriedBy(fleet.look(host.name)));
  if (changed.length > 0) delete trip.carried;
  for (const words of changed)
    ctx.emit({
      event: 'warning',
      host: host.name,
      message: `${host.name} came up ${words}`,
      remedy: `Somebody changed what was staged. See on ${host.name}: rpm-ostree status; rpm-ostree kargs`,
    });
}

/**
 * Until all pass, or are on their way to it (settling.ts), or something fails for longer than `withinMs`; undefined: the host has ended the trial by itself, or cannot be reached until it does.
 * What fails may be the way there: only looks count against the release that began when the host had just been reached.
 */
async function probesWithin(
  job: UpgradeJob,
  trip: Trip,
  withinMs: number,
  timings: readonly ProbeTiming[] = [],
): Promise<readonly ProbeResult[] | undefined> {
  let deadline: number | undefined;
  for (let looks = 0; ; looks++) {
    const results = await lookOnce(job, trip, timings[looks] ?? PATIENT);
    if (results === undefined) deadline = undefined;
    else {
      trip.lastFailed = failing(trip, results, job.ctx.now());
      if (trip.lastFailed.length === 0 || job.ctx.now() > (deadline ?? Number.POSITIVE_INFINITY)) return results;
    }
    // Results end with what the host itself says of its slot: then it was reached just now. A link that failed is made anew.
    if (results === undefined && !(await isOnTrial(job, trip))) return undefined;
    deadline ??= job.ctx.now() + withinMs;
    await pause(LOOK_AGAIN_MS);
  }
}

/** Units as they are now, and the services; undefined: the link failed. */
async function lookOnce(job: UpgradeJob, trip: Trip, timing: ProbeTiming): Promise<readonly ProbeResult[] | undefined> {
  const { ctx, fleet } = job;
  const { name } = trip.host;
  try {
    const probes = ownProbes(job, name);
    const answers = await askProbes(ctx, probes, timing, vantages(job, name));
    const { observation } = await fleet.reobserve(name);
    const { slot } = observation;
    return slot?.id === trip.id && slot.state === 'applied' ? judgeUnits(probes, answers, observation) : undefined;
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return undefined;
  }
}

/** Over a fresh link: the same boot, the same slot, unconfirmed. Waited for as long as the host itself would wait. */
async function isOnTrial({ ctx, fleet, leases }: UpgradeJob, trip: Trip): Promise<boolean> {
  const { name } = trip.host;
  const reached = await waitForBoot(ctx, trip.host, { withinMs: trip.settings.withinSec * 1000 });
  if (reached === undefined) return false;
  try {
    await fleet.reconnected(name, reached.connection);
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return false;
  }
  if (reached.bootId !== trip.trialBoot) return false;
  leases.moved({ name, connection: reached.connection });
  const { slot } = fleet.look(name);
  return slot?.id === trip.id && slot.state === 'applied';
}

export async function soak(job: UpgradeJob, trip: Trip): Promise<Event> {
  const { ctx } = job;
  const { soakSec } = trip.settings;
  const startedMs = ctx.now();
  const keeper = keepDeadline(job, trip);
  let toldMs = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      // At least one whole round, also after the last moment of the soak.
      const isOver = ctx.now() - startedMs >= soakSec * 1000;
      const wasTogether = isTogether(trip);
      const results = await probesWithin(job, trip, BLIP_MS);
      if (results === undefined) return endedByItself(job, trip);
      if (trip.lastFailed.length > 0) {
        tellProbes(ctx, trip.host.name, trip.lastFailed);
        return red(job, trip);
      }
      if (!wasTogether && isTogether(trip))
        tellProbes(ctx, trip.host.name, ofServices(results, trip).map(withoutDoubt));
      if (isOver && isTogether(trip)) {
        tellDoubts(job, trip, results);
        break;
      }
      if (ctx.now() - toldMs >= SOAK_TOLD_MS) {
        toldMs = ctx.now();
        say(job, trip, 'soaking', soakText(trip, results, (toldMs - startedMs) / 1000));
      }
      const leftMs = startedMs + soakSec * 1000 - ctx.now();
      await pause(isTogether(trip) ? Math.max(0, Math.min(SOAK_EVERY_MS, leftMs)) : LOOK_AGAIN_MS);
    }
    trip.tookMs.soak = ctx.now() - startedMs;
    return await confirm(job, trip);
  } catch (error) {
    return broken(trip, error);
  } finally {
    keeper.stop();
  }
}

function withoutDoubt({ warning: _, ...result }: ProbeResult): ProbeResult {
  return result;
}

/** What passed to the end, and people should know. */
function tellDoubts({ ctx }: UpgradeJob, { host: { name: host } }: Trip, results: readonly ProbeResult[]): void {
  for (const { name, warning } of results)
    if (warning !== undefined) ctx.emit({ event: 'warning', host, message: `${host}: ${name}: ${warning}` });
}

/** `0:12 of 0:20 · dns ✔ ntp ✔ · way back 44.20261101.3.0 pinned` */
function soakText({ settings, fromRelease }: Trip, results: readonly ProbeResult[], sec: number): string {
  const services = [...new Set(results.map(({ service }) => service))]
    .filter((service) => service !== 'unit')
    .map(
      (service) =>
        `${service} ${results.some((one) => one.service === service && !one.ok) ? 'not together yet' : 'ok'}`,
    );
  return [`${clock(sec)} of ${clock(settings.soakSec)}`, services.join(', '), `way back ${fromRelease.version} pinned`]
    .filter((part) => part !== '')
    .join(' · ');
}

function clock(sec: number): string {
  return `${Math.floor(sec / 60)}:${String(Math.floor(sec % 60)).padStart(2, '0')}`;
}

function baseNow({ ctx, wallMs }: UpgradeJob): number {
  return clockBase(wallMs(), ctx.now());
}

/** The host can be reached, and its services do not do what they did before: that is the release's fault, or that of our own clock. */
function red(job: UpgradeJob, trip: Trip): Event {
  const now = baseNow(job);
  const jumpMs = blamesOwnClock(trip.lastFailed, trip.clockBase ?? now, now);
  if (jumpMs !== undefined) {
    trip.error = new ProbeFailedError(
      `this machine's clock was set by ${(jumpMs / 1000).toFixed(1)} s while ${trip.host.name} was on trial: its time cannot be judged`,
      {
        host: trip.host.name,
        detail: probeLines(trip.lastFailed),
        remedy:
          'Nothing speaks against the release. See to the clock of this machine, then run the same command again.',
      },
    );
    return 'fail';
  }
  trip.isReleaseRed = true;
  trip.error = new ProbeFailedError(`${trip.host.name} does not serve as it should on ${releaseName(trip.release)}`, {
    host: trip.host.name,
    detail: probeLines(trip.lastFailed),
    remedy: 'See what the units say on the new release before it is tried again.',
  });
  return 'fail';
}

/** What failed when its services were last asked is kept: it is why, or it went with it. */
function endedByItself({ ctx }: UpgradeJob, trip: Trip): Event {
  tellProbes(ctx, trip.host.name, trip.lastFailed);
  trip.error = new RolledBackError(`${trip.host.name} ended the trial of ${releaseName(trip.release)} by itself`, {
    host: trip.host.name,
    remedy: `What it has seen: run status ${trip.host.name}`,
  });
  return 'fail';
}

/** A link that breaks in the trial: the host is asked again from `going-back`, where it may be found on either release. */
function broken(trip: Trip, error: unknown): Event {
  if (!(error instanceof InfraError)) throw error;
  trip.error = error;
  return 'fail';
}

async function confirm(job: UpgradeJob, trip: Trip): Promise<Event> {
  say(job, trip, 'confirming', 'over a fresh connection');
  let why = '';
  const until = job.ctx.now() + CONFIRM_MS;
  for (let tries = 1; tries <= CONFIRM_TRIES || job.ctx.now() < until; tries++) {
    const answer = await askToConfirm(job, trip);
    if (answer === undefined) return 'confirm';
    why = answer;
    // R9: what was read counts, not what was sent.
    const status = await slotStatus(job, trip);
    if (status?.state === 'confirmed') {
      trip.isWayBackGone = status.os?.isWayBackGone === true;
      return 'confirm';
    }
    if (status !== undefined && status.state !== 'applied') break;
    await pause(CONFIRM_AGAIN_MS);
  }
  trip.error = new RolledBackError(`the upgrade of ${trip.host.name} could not be confirmed: ${why}`, {
    host: trip.host.name,
    remedy: 'See why the host could not be reached, then run the same command again.',
  });
  return 'fail';
}

/** Why it is not confirmed; undefined: it is. */
async function askToConfirm({ ctx }: UpgradeJob, trip: Trip): Promise<string | undefined> {
  const { host, id, trialBoot } = trip;
  let connection: Connection | undefined;
  try {
    connection = await ctx.transport.connect(host, { timeoutMs: ctx.deadlines.connectMs });
    const last = (await callHost(ctx, connection, confirmCall(id, trialBoot), 'confirming')).at(-1);
    if (last?.kind === 'confirmed') {
      trip.isWayBackGone = last.isWayBackGone === true;
      return undefined;
    }
    return last?.kind === 'error' ? last.message : 'the host did not say so';
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return error.message;
  } finally {
    await connection?.close();
  }
}
