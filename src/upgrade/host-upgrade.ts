/** One host from one release to another: a step for each state, and how it ended. */
import { statusOfError } from '../engine/error-report.ts';
import { InterruptedError } from '../engine/errors.ts';
import type { ChangeReport, HostStatus } from '../engine/events.ts';
import { tellProbes } from '../engine/judge.ts';
import type { InfraError } from '../errors.ts';
import { awaitBoot, go } from './cross.ts';
import { RolledBackError, UpgradeAbandonedError } from './errors.ts';
import { abandon, goBack, servesAgain } from './go-back.ts';
import { hostVerdict } from './host-verdict.ts';
import { type Event, isFinal, type State, transition } from './machine.ts';
import { prepare } from './prepare.ts';
import { releaseName } from './release.ts';
import { stage } from './stage.ts';
import { prove, soak } from './trial.ts';
import type { Trip, UpgradeJob } from './trip.ts';
import { CAUSES, upgradedText } from './words.ts';

export interface HostUpgradeEnd {
  readonly state: State;
  readonly status: HostStatus;
  readonly changes: readonly ChangeReport[];
  readonly error?: InfraError;
  readonly message?: string;
}

type Step = (job: UpgradeJob, trip: Trip) => Promise<Event>;

const STEPS: { readonly [S in State]?: Step } = {
  waiting: async () => 'begin',
  preparing: prepare,
  armed: stage,
  staged: go,
  rebooting: awaitBoot,
  trial: prove,
  soaking: soak,
  'going-back': goBack,
  abandoning: abandon,
};

/** From `from` (by default its beginning; another state when an upgrade is resumed) to its end. Never throws for what a host does. */
export async function upgradeHost(job: UpgradeJob, trip: Trip, from: State = 'waiting'): Promise<HostUpgradeEnd> {
  let state = from;
  while (!isFinal(state)) {
    const step = STEPS[state];
    if (step === undefined) throw new Error(`nothing is done in the state ${state}`);
    state = transition(state, await step(job, trip));
  }
  const left = await trip.states?.leave();
  const end = await endOf(job, trip, state);
  if (left === undefined) return end;
  if (end.status !== 'changed') {
    job.ctx.emit({ event: 'warning', host: trip.host.name, message: left.message, remedy: left.remedy });
    return end;
  }
  return { ...end, status: 'failed', error: left, message: `the upgrade itself is confirmed: ${end.message}` };
}

async function endOf(job: UpgradeJob, trip: Trip, state: State): Promise<HostUpgradeEnd> {
  const change: ChangeReport = {
    resource: 'os:fedora-coreos',
    action: 'update',
    detail: `${releaseName(trip.fromRelease)} → ${releaseName(trip.release)}`,
  };
  const { error, route } = trip;
  switch (state) {
    case 'upgraded':
      if (trip.isWayBackGone === true) warnOfNoWayBack(job, trip);
      return {
        state,
        status: 'changed',
        changes: [route === undefined ? change : { ...change, detail: route }],
        message: upgradedText(trip),
      };
    case 'rolled-back':
      return { state, status: 'reverted', changes: [change], ...(await rolledBack(job, trip)) };
    case 'abandoned':
      return { state, changes: [], ...abandoned(trip) };
    default:
      return {
        state,
        status: error === undefined ? 'unknown' : statusUntouched(state, error),
        changes: [],
        ...(error === undefined ? {} : { error }),
      };
  }
}

/** The release has proven itself; that nothing is left to go back to is what people should know before they need it. */
function warnOfNoWayBack({ ctx }: UpgradeJob, { host: { name }, fromRelease, release }: Trip): void {
  const [from, to] = [fromRelease, release].map(releaseName);
  ctx.emit({
    event: 'warning',
    host: name,
    message: `${name} has no way back from ${to}: ${from} was deleted from its disk during the trial, so \`run rollback ${name}\` has nothing to go to`,
    remedy: `${to} is confirmed and serves: nothing is to be done. To leave it: run upgrade --limit ${name} --to VERSION --allow-downgrade`,
  });
}

/** Nothing of the host's OS was touched: that is no failure of the upgrade. Locked, unreachable and the like stay what they are. */
function statusUntouched(state: State, error: InfraError): HostStatus {
  const status = statusOfError(error);
  return state === 'refused' && status === 'failed' ? 'refused' : status;
}

function abandoned({ host, error, fromRelease }: Trip): Pick<HostUpgradeEnd, 'status' | 'error' | 'message'> {
  const message = `it stays on ${releaseName(fromRelease)}; what was staged is dropped`;
  if (error === undefined || error instanceof InterruptedError)
    return { status: 'skipped', message: `interrupted; ${message}` };
  const status = statusOfError(error);
  if (status !== 'unreachable' && status !== 'unknown') return { status, error, message };
  const told = new UpgradeAbandonedError(error.message, {
    host: host.name,
    detail: error.detail,
    remedy: error.remedy,
    cause: error,
  });
  return { status: 'failed', error: told, message };
}

/** What was seen there, in the host's own words first; and whether it serves again. */
async function rolledBack(job: UpgradeJob, trip: Trip): Promise<Pick<HostUpgradeEnd, 'error' | 'message'>> {
  const { past, error, host } = trip;
  tellProbes(job.ctx, host.name, hostVerdict(past, host.name));
  const cause = CAUSES[past?.cause ?? ''] ?? 'the host went back by itself';
  const reason = past?.reason === undefined || past.reason === '' ? '' : `: ${past.reason}`;
  const seen = [
    ...complaints(past),
    ...(error === undefined || error instanceof RolledBackError ? [] : [error.message, ...error.detail]),
  ];
  const told = new RolledBackError(`went back from ${releaseName(trip.release)}, ${cause}${reason}`, {
    host: host.name,
    detail: [...new Set(seen)].slice(0, 20),
    remedy: whatNext(past?.cause, releaseName(trip.release)),
    ...(error === undefined ? {} : { cause: error }),
  });
  const notServing = await servesAgain(job, trip);
  const back = releaseName(trip.fromRelease);
  return {
    error: told,
    message:
      notServing === undefined ? `serving again on ${back}` : `${notServing.message} (${notServing.detail[0] ?? ''})`,
  };
}

function whatNext(cause: string | undefined, release: string): string {
  if (cause === 'second-boot')
    return `${release} is not taken again on any host, since a release that crashes looks like that. If it was the power, or a reset: run upgrade --allow-denied.`;
  return isDenying(cause)
    ? `${release} is not taken again on any host (--allow-denied).`
    : 'Run the same command again: nothing speaks against the release itself.';
}

const COMPLAINT = /error|fatal|fail|cannot|could not|denied|refused|in use|panic|invalid|not found/i;
const SEEN_MAX = 8;

/** Of what the host wrote down: first of all what sounds like a complaint. What systemd says of the end of a unit is in the reason already. */
function complaints(past: Trip['past']): readonly string[] {
  const lines = (past?.detail ?? []).filter((line) => line.trim() !== '' && line !== past?.reason);
  const own = lines.filter((line) => COMPLAINT.test(line) && !/\.service: |<nwarn>/.test(line));
  return [...new Set(own.length > 0 ? own : lines)].slice(-SEEN_MAX);
}

/** Only what speaks against the release itself keeps it from being chosen again. */
export function isDenying(cause: string | undefined): boolean {
  return cause === 'checks' || cause === 'second-boot' || cause === 'person';
}
