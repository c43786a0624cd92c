/** The point of no return, and what comes up behind it. */
import { InterruptedError, OutcomeUnknownError } from '../engine/errors.ts';
import { hasConfirmed } from '../engine/redundancy.ts';
import { TemporaryStates } from '../engine/temporary-states.ts';
import { InfraError } from '../errors.ts';
import { osGoCommand } from '../host/os-verbs.ts';
import type { TemporaryState } from '../playbook/temporary-state.ts';
import { converse } from './dialogue.ts';
import { HostStuckError, UpgradeAbandonedError } from './errors.ts';
import type { Event } from './machine.ts';
import { outcomeOf } from './outcome.ts';
import { drop, failureOf } from './stage.ts';
import { fenceOf, say, slotStatus, type Trip, type UpgradeJob } from './trip.ts';
import { type Booted, LOOK_AFTER_MS, waitForBoot } from './wait-boot.ts';
import { requireWindow } from './windows-now.ts';

/** ready … go … rebooting. ms */
const GO_MS = 60_000;

export async function go(job: UpgradeJob, trip: Trip): Promise<Event> {
  const { ctx, fleet } = job;
  const { name } = trip.host;
  say(job, trip, 'draining', 'peers are proven once more');
  try {
    const end = await converse(fleet.reached(name).connection, {
      command: osGoCommand(fenceOf(job, trip), ctx.helper),
      what: 'rebooting into the new release',
      timeoutMs: GO_MS,
      onStep: () => {},
      beforeGo: () => lastProof(job, trip),
    });
    if (end.refusal !== undefined) throw end.refusal;
    if (!end.wentOn || end.failure !== undefined) return drop(trip, refusalOf(trip, failureOf(trip, end)));
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return drop(trip, error);
  }
  // From here on only what the host says after its boot counts.
  return 'go';
}

function refusalOf({ host }: Trip, cause: InfraError): InfraError {
  return new UpgradeAbandonedError(`${host.name} refused to reboot: ${cause.message}`, {
    host: host.name,
    detail: cause.detail,
    remedy: cause.remedy,
    cause,
  });
}

/** R15: window, leases, states and peers, within the ten seconds that the host's `ready` is good for. */
async function lastProof(job: UpgradeJob, trip: Trip): Promise<void> {
  const { ctx, fleet, leases, interrupted } = job;
  const { name } = trip.host;
  if (interrupted.aborted)
    throw new InterruptedError(`interrupted before ${name} was rebooted: it stays on its old release`, {
      host: name,
      remedy: 'Run the same command again.',
    });
  const { rebootWithinSec, soakSec } = trip.settings;
  requireWindow(job, trip, Math.min(rebootWithinSec, 180) * 1000 + soakSec * 1000);
  const others = fleet.partners(name).filter(({ desired }) => desired.host.name !== name);
  await leases.renew(others.map(({ desired }) => desired.host.name));
  trip.states = new TemporaryStates(ctx, (host) => leases.holding(host));
  const standIns = await fleet.standIns(name);
  await trip.states.enter(await statesFor(job, trip));
  await standIns.prove(new Set([name]), ctx.options.forceUnsafe);
}

/** What the stop of this host needs, there and on peers that serve: a host that is down takes over nothing. */
export async function statesFor(
  { fleet }: UpgradeJob,
  { host }: Pick<Trip, 'host'>,
): Promise<readonly TemporaryState[]> {
  const { observation } = fleet.reached(host.name);
  const wanted = fleet
    .rolesOf(host.name)
    .filter(({ desired }) => hasConfirmed(desired, observation))
    .flatMap(({ desired }) => desired.temporaryStates?.() ?? [])
    .filter(({ when }) => when !== 'change');
  if (wanted.length === 0) return [];
  const standIns = await fleet.standIns(host.name);
  const involved = [...new Set(wanted.flatMap(({ on }) => [host.name, on]))];
  const health = await Promise.all(involved.map((name) => standIns.health(name)));
  const serving = new Set(health.filter(({ serves }) => serves).map(({ name }) => name));
  return wanted.filter(({ on }) => serving.has(host.name) && serving.has(on));
}

/** A link that breaks right after the boot may mean that the host is on its way back. */
const LINKS_MAX = 5;

export async function awaitBoot(job: UpgradeJob, trip: Trip): Promise<Event> {
  const { ctx, fleet, leases } = job;
  const startedMs = ctx.now();
  say(job, trip, 'rebooting', `into ${trip.release.version || trip.to}`);
  for (let links = 1; links <= LINKS_MAX; links++) {
    const booted = await waitPatiently(job, trip);
    if (booted === 'still-up') return 'no-reboot';
    if (booted === undefined) break;
    trip.tookMs.reboot ??= ctx.now() - startedMs;
    // Its lease went with /run.
    leases.forget(trip.host.name);
    try {
      await fleet.reconnected(trip.host.name, booted.connection);
      return judge(job, trip);
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
    }
  }
  trip.error = notBack(trip);
  return 'lost';
}

/** The reboot's own time; then once more, and the time after which the host goes back by itself: it may be up and not let us in. */
async function waitPatiently(job: UpgradeJob, trip: Trip): Promise<Booted | 'still-up' | undefined> {
  const { ctx } = job;
  const { host, settings, bootId } = trip;
  const deadline = ctx.now() + settings.rebootWithinSec * 1000;
  for (let leftMs = settings.rebootWithinSec * 1000; leftMs > 0; leftMs = deadline - ctx.now()) {
    let isOld = false;
    const onOld = (): void => {
      isOld = true;
    };
    const booted = await waitForBoot(ctx, host, { not: bootId, withinMs: Math.min(leftMs, LOOK_AFTER_MS), onOld });
    if (booted !== undefined) return booted;
    // The word may have been lost: then no reboot comes.
    if (isOld && (await isStillUp(job, trip, ['reverted', 'none']))) return 'still-up';
  }
  if (await isStillUp(job, trip, ['armed', 'reverted', 'none'])) return 'still-up';
  ctx.emit({
    event: 'warning',
    host: host.name,
    message: `${host.name} does not answer ${settings.rebootWithinSec} s after it was told to reboot`,
    remedy: `If it came up at all it goes back by itself ${settings.withinSec} s after that: it is waited for. Its console says more.`,
  });
  return waitForBoot(ctx, host, { not: bootId, withinMs: (settings.withinSec + settings.rebootWithinSec) * 1000 });
}

export function notBack({ host, from, fromRelease, release }: Trip): HostStuckError {
  return new HostStuckError(`${host.name} did not come back from its reboot into ${release.version}`, {
    host: host.name,
    remedy: [
      `Go to its console. In the boot menu choose the older entry (${fromRelease.version || from}). A reset is enough where the release`,
      `gets as far as its first services: on its second unconfirmed boot it goes back by itself. Then: run status ${host.name}; run upgrade --resume. No other host was touched after it.`,
    ].join(' '),
  });
}

/**
 * The reboot never came: a unit that does not end, an inhibitor, or `go` was lost. `states`: of the slot, when that is certain. It is as well
 * where the slot is armed and the word was not heard: the host takes none that is older than ten seconds.
 */
async function isStillUp(job: UpgradeJob, trip: Trip, states: readonly string[]): Promise<boolean> {
  const status = await slotStatus(job, trip);
  if (status === undefined) return false;
  if (!states.includes(status.state) && !(status.state === 'armed' && status.os?.isTold === false)) return false;
  const here = await waitForBoot(job.ctx, trip.host, { withinMs: 5_000 });
  if (here === undefined) return false;
  if (here.bootId !== trip.bootId) {
    await here.connection.close();
    return false;
  }
  await job.fleet.reconnected(trip.host.name, here.connection);
  job.leases.moved({ name: trip.host.name, connection: here.connection });
  trip.error = status.os?.isTold === false ? neverHeard(trip) : didNotReboot(trip);
  return true;
}

function neverHeard({ host }: Trip): UpgradeAbandonedError {
  return new UpgradeAbandonedError(`the word to reboot never reached ${host.name}: the link broke at that moment`, {
    host: host.name,
    remedy: `It was not rebooted, and nothing on it is at fault. See to the network between here and ${host.name}, then run the same command again.`,
  });
}

function didNotReboot({ host }: Trip): UpgradeAbandonedError {
  return new UpgradeAbandonedError(`${host.name} was told to reboot and did not`, {
    host: host.name,
    remedy: `See on ${host.name} what holds it up: systemctl list-jobs; systemd-inhibit --list; journalctl -b -n 50. Then run the same command again.`,
  });
}

/** The outcome matrix, on the host as it is now. */
export function judge({ fleet }: UpgradeJob, trip: Trip): Event {
  const { name } = trip.host;
  const look = fleet.look(name);
  const outcome = outcomeOf(look, trip);
  switch (outcome.kind) {
    case 'new':
      trip.trialBoot = look.bootId;
      return 'came-up-new';
    case 'old':
      trip.error ??= new UpgradeAbandonedError(
        `${name} came up on ${trip.fromRelease.version} again: ${outcome.words}`,
        {
          host: name,
          remedy: `What the last boot said: sudo journalctl -b -1 -u ostree-finalize-staged.service, on ${name}. Then run the same command again.`,
        },
      );
      return 'came-up-old';
    case 'other':
      trip.error = new HostStuckError(
        `${name} booted ${outcome.booted || 'something'}, which is neither the old nor the new release`,
        {
          host: name,
          remedy: `Somebody else deploys on this host. Look at it (rpm-ostree status), then: run unlock ${name}`,
        },
      );
      return 'lost';
    case 'unreadable':
    case 'not-rebooted':
      trip.error = new OutcomeUnknownError(`${name} does not say what it booted`, {
        host: name,
        detail: outcome.kind === 'unreadable' ? outcome.words : [],
        remedy: `Look at it: rpm-ostree status. Then: run upgrade --resume`,
      });
      return 'lost';
  }
}
