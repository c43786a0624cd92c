/** runPlaybook(): the plays of a playbook one after the other, and the summary of what was observed. */
import { hostname, userInfo } from 'node:os';
import type { Zone } from '../dns/zone.ts';
import type { HelperOptions } from '../host/helper.ts';
import type { Host } from '../inventory/model.ts';
import type { LocalStep, Play, Playbook } from '../playbook/define.ts';
import { maskEvent } from '../secrets/mask-events.ts';
import { resolveSecrets } from '../secrets/resolve.ts';
import { errorReport } from './error-report.ts';
import { ApplyError } from './errors.ts';
import type { AvailabilityFigure, HostStatus, HostSummary, Summary } from './events.ts';
import { keepConnections } from './kept-connections.ts';
import { type PreparedPlay, preparePlay, runPlay } from './play.ts';
import { secretsOf } from './podman-secrets.ts';
import { type Deadlines, type RunContext, resolveDeadlines } from './run-context.ts';

export type RunPlaybookInput = Omit<RunContext, 'owner' | 'deadlines' | 'helper' | 'now' | 'today' | 'zones'> & {
  readonly playbook: Playbook;
  /** Parsed when a role first asks for them. */
  readonly zones: () => readonly Zone[];
  readonly deadlines?: Partial<Deadlines>;
  readonly helper?: HelperOptions;
  /** For `run-started`: `main@1c0f71d`. */
  readonly commit?: string;
};

/** Runs all plays, emits every event and the summary, and returns the summary. What is wrong before a host is touched is thrown. */
export async function runPlaybook(input: RunPlaybookInput): Promise<Summary> {
  const { playbook, commit, ...rest } = input;
  const now = (): number => performance.now();
  const kept = keepConnections(input.transport, now);
  const ctx: RunContext = {
    ...rest,
    transport: kept.transport,
    emit: (event) => input.emit(maskEvent(event)),
    owner: `${userInfo().username}@${hostname()}`,
    deadlines: resolveDeadlines(input.deadlines),
    helper: input.helper ?? {},
    now,
    today: localDay,
  };
  const startedMs = now();
  const prepared = playbook.plays.map((play) => preparePlay(ctx, play));
  await resolveSecrets(secretsOf(prepared.flatMap(({ desired }) => desired)));
  const hosts = [...new Set(prepared.flatMap(({ desired }) => desired.map(({ host }) => host.name)))];
  ctx.emit({
    event: 'run-started',
    playbook: playbook.name,
    check: ctx.options.check,
    pattern: playbook.plays.map(({ hosts: pattern }) => pattern).join(', '),
    hosts,
    ...(commit === undefined ? {} : { commit }),
  });
  const results = new Map<string, HostSummary>();
  const availability: Record<string, Record<string, AvailabilityFigure>> = {};
  try {
    for (const one of prepared) {
      const stop = whyStopped(ctx, playbook.plays, one.play, results);
      if (stop !== undefined) {
        skipPlay(ctx, one, results, stop);
        continue;
      }
      // A host that could not be asked in an earlier play is not asked again.
      const left = { ...one, desired: one.desired.filter(({ host }) => !isBad(results.get(host.name)?.status)) };
      if (left.desired.length > 0) await runPlayWithSteps(ctx, left, results, availability);
    }
  } finally {
    await kept.close();
  }
  const summary: Summary = {
    event: 'summary',
    playbook: playbook.name,
    check: ctx.options.check,
    status: overall([...results.values()]),
    durationMs: Math.round(now() - startedMs),
    hosts: Object.fromEntries(results),
    ...(Object.keys(availability).length === 0 ? {} : { availability }),
  };
  ctx.emit(summary);
  return summary;
}

/** A play is not begun when an earlier one failed beyond what it allows: what comes later may need it. */
function whyStopped(
  ctx: RunContext,
  plays: readonly Play[],
  play: Play,
  results: ReadonlyMap<string, HostSummary>,
): string | undefined {
  if (play === plays[0]) return undefined;
  if (ctx.signal.aborted) return 'interrupted before it was begun';
  if (ctx.options.check) return undefined;
  const failed = [...results].filter(([, { status }]) => STOPS.has(status)).map(([name]) => name);
  if (failed.length <= play.strategy.maxFailed) return undefined;
  return `not begun, because of ${failed.join(', ')} in an earlier play`;
}

/** Ends of a host after which later plays are not begun; one that is unreachable or locked is left to the gates of those plays. */
const STOPS: ReadonlySet<HostStatus> = new Set(['failed', 'reverted', 'refused', 'unknown', 'skipped']);

/** Hosts that had no part in an earlier play are skipped; the others keep how they ended there. */
function skipPlay(
  ctx: RunContext,
  { play, desired }: PreparedPlay,
  results: Map<string, HostSummary>,
  why: string,
): void {
  ctx.emit({ event: 'warning', message: `${play.from ?? play.hosts}: ${why}` });
  for (const { host } of desired) {
    if (!results.has(host.name)) results.set(host.name, { status: 'skipped', changes: [], error: null });
  }
}

async function runPlayWithSteps(
  ctx: RunContext,
  prepared: PreparedPlay,
  results: Map<string, HostSummary>,
  availability: Record<string, Record<string, AvailabilityFigure>>,
): Promise<void> {
  const hosts = prepared.desired.map(({ host }) => host);
  const failed = await localSteps(ctx, prepared.play.before, hosts);
  if (failed !== undefined) {
    const report = errorReport(failed);
    for (const { name } of hosts)
      results.set(name, { status: 'failed', changes: results.get(name)?.changes ?? [], error: report });
    return;
  }
  const result = await runPlay(ctx, prepared);
  for (const { host, ...outcome } of result.hosts) results.set(host, merge(results.get(host), outcome));
  for (const [service, figures] of Object.entries(result.availability ?? {})) {
    for (const [name, figure] of Object.entries(figures)) {
      availability[service] = { ...availability[service], [name]: addFigures(availability[service]?.[name], figure) };
    }
  }
  const after = await localSteps(ctx, prepared.play.after, hosts);
  if (after !== undefined) {
    const report = errorReport(after);
    for (const { name } of hosts)
      results.set(name, { ...(results.get(name) ?? { changes: [] }), status: 'failed', error: report });
  }
}

/** Runs them in order; the first that fails is returned. Not in check mode: nobody knows what they do. */
async function localSteps(ctx: RunContext, steps: Play['before'], hosts: readonly Host[]): Promise<Error | undefined> {
  if (ctx.options.check || steps.length === 0) return undefined;
  const { $ } = await import('zx');
  for (const step of steps) {
    const failure = await localStep(ctx, step, $, hosts);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

async function localStep(
  ctx: RunContext,
  step: LocalStep,
  $: typeof import('zx').$,
  hosts: readonly Host[],
): Promise<Error | undefined> {
  ctx.emit({ event: 'local-step', name: step.name, status: 'started' });
  try {
    await step.run({ $, inventory: ctx.inventory, hosts });
    ctx.emit({ event: 'local-step', name: step.name, status: 'done' });
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    ctx.emit({ event: 'local-step', name: step.name, status: 'failed', message });
    return new ApplyError(`local step ${JSON.stringify(step.name)} failed: ${message}`, {
      cause: error,
      remedy: 'Correct the step in the playbook, then run it again.',
    });
  }
}

/** Of two plays that measured the same service. */
function addFigures(one: AvailabilityFigure | undefined, two: AvailabilityFigure): AvailabilityFigure {
  if (one === undefined) return two;
  return {
    asked: one.asked + two.asked,
    answered: one.answered + two.answered,
    longestGapMs: Math.max(one.longestGapMs, two.longestGapMs),
    ...(one.askedAgain === undefined && two.askedAgain === undefined
      ? {}
      : { askedAgain: (one.askedAgain ?? 0) + (two.askedAgain ?? 0) }),
  };
}

function merge(earlier: HostSummary | undefined, later: HostSummary): HostSummary {
  if (earlier === undefined) return later;
  const status = later.status === 'ok' ? earlier.status : later.status;
  return { status, changes: [...earlier.changes, ...later.changes], error: later.error ?? earlier.error };
}

function isBad(status: HostStatus | undefined): boolean {
  return status !== undefined && status !== 'ok' && status !== 'changed';
}

function overall(hosts: readonly HostSummary[]): Summary['status'] {
  if (hosts.some(({ status }) => status === 'reverted')) return 'reverted';
  if (hosts.some(({ status }) => isBad(status))) return 'failed';
  return hosts.some(({ status }) => status === 'changed') ? 'changed' : 'ok';
}

function localDay(): string {
  const now = new Date();
  return `${now.getFullYear()}${String(now.getMonth() + 1).padStart(2, '0')}${String(now.getDate()).padStart(2, '0')}`;
}
