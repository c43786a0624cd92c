/** The summary of a run that did not come to one itself: aborted at once, or stopped by an error. Pure. */
import type { ErrorReport, HostSummary, Summary } from '../engine/events.ts';
import type { HostView, RunView } from './run-view.ts';

export interface AbortInput {
  readonly view: RunView;
  /** Of the command, for a run that never began. */
  readonly playbook: string;
  readonly check: boolean;
  readonly durationMs: number;
  /** Why. */
  readonly error: ErrorReport;
}

/** Hosts that are done keep their end; of those that were being changed nobody knows; the others were not begun. */
export function abortedSummary({ view, playbook, check, durationMs, error }: AbortInput): Summary {
  const hosts = [...view.hosts.values()].map((host): [string, HostSummary] => [host.name, hostSummary(host, error)]);
  // Of a host that was at work it is the error of that host.
  const isSaid = hosts.some(([, host]) => host.error === error);
  return {
    event: 'summary',
    playbook,
    check,
    status: 'failed',
    durationMs,
    hosts: Object.fromEntries(hosts),
    ...(isSaid ? {} : { error }),
  };
}

/** No host of the run was begun. */
export function isUntouched({ hosts }: Pick<Summary, 'hosts'>): boolean {
  return Object.values(hosts).every(({ status }) => status === 'skipped' || status === 'ok');
}

function hostSummary({ done, step, plan }: HostView, error: ErrorReport): HostSummary {
  if (done !== undefined) return { status: done.status, changes: done.changes, error: done.error };
  if (step !== undefined) return { status: 'unknown', changes: plan?.changes ?? [], error };
  return { status: 'skipped', changes: [], error: null };
}
