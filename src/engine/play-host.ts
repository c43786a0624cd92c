/** What one host of a play ended as, told to the event stream and to the summary alike. */
import type { DesiredHost } from './desired.ts';
import { errorReport } from './error-report.ts';
import type { ChangeReport, HostStatus, HostSummary } from './events.ts';
import type { RunContext } from './run-context.ts';

export interface PlayHost extends HostSummary {
  readonly host: string;
}

export interface HostEnd {
  readonly status: HostStatus;
  readonly startedMs: number;
  /** Planned or done; none when nothing was touched. */
  readonly changes?: readonly ChangeReport[];
  readonly error?: unknown;
  /** What follows after the status, for people. */
  readonly message?: string;
}

export function finishHost(ctx: RunContext, desired: DesiredHost, end: HostEnd): PlayHost {
  const error = end.error === undefined ? null : errorReport(end.error);
  const all = end.changes ?? [];
  const changes = ctx.options.diff ? all : all.map(({ diff: _diff, ...rest }) => rest);
  ctx.emit({
    event: 'host-done',
    host: desired.host.name,
    status: end.status,
    tookMs: Math.round(ctx.now() - end.startedMs),
    resources: desired.resources.length,
    changes,
    error,
    ...(end.message === undefined ? {} : { message: end.message }),
  });
  return { host: desired.host.name, status: end.status, changes, error };
}

/** Counts towards `maxFailed`. Unreachable hosts stop nobody by themselves: the peer gate judges what they mean. */
export function isFailure({ status }: { readonly status: HostStatus }): boolean {
  return (
    status === 'failed' || status === 'unknown' || status === 'reverted' || status === 'refused' || status === 'locked'
  );
}
