/** Folds the events of a run into its record, whatever the run is: playbook, upgrade or revert. No I/O, no clock. */
import type { ErrorReport, RunEvent, Summary } from '../engine/events.ts';
import type { ExitCode } from '../errors.ts';
import type { HostRecord, NoteRecord, Outcome, ProbeRecord, RunRecord } from './record.ts';

/** What is known of a run before its first event. */
export type RunHead = Pick<
  RunRecord,
  | 'id'
  | 'command'
  | 'args'
  | 'startedAt'
  | 'owner'
  | 'schedule'
  | 'commit'
  | 'version'
  | 'inventory'
  | 'lab'
  | 'check'
  | 'process'
>;

/** Answers of one host that are kept; those that failed first. */
const PROBES_MAX = 400;
const NOTES_MAX = 400;

interface Gathered {
  status: HostRecord['status'];
  tookMs: number | null;
  resources: number | null;
  message: string | null;
  error: ErrorReport | null;
  changes: HostRecord['changes'];
  planned: HostRecord['changes'];
  readonly probes: Map<string, ProbeRecord>;
}

export interface Collector {
  add(event: RunEvent): void;
  /** The run as far as it got. */
  soFar(head: RunHead): RunRecord;
  ended(head: RunHead, end: { readonly exit: ExitCode; readonly endedAt: string }): RunRecord;
}

export function createCollector(): Collector {
  const hosts = new Map<string, Gathered>();
  const notes: NoteRecord[] = [];
  let summary: Summary | undefined;
  const of = (host: string): Gathered => {
    const known = hosts.get(host);
    if (known !== undefined) return known;
    const fresh = begun();
    hosts.set(host, fresh);
    return fresh;
  };
  const note = (at: string, kind: NoteRecord['kind'], host: string | undefined, message: string): void => {
    if (notes.length < NOTES_MAX) notes.push({ at, kind, host: host ?? null, message });
  };
  return {
    add(event) {
      switch (event.event) {
        case 'run-started':
          for (const host of event.hosts) of(host);
          return;
        case 'host-plan':
          of(event.host).planned = event.changes;
          return;
        case 'upgrade-planned':
          note(event.at, 'step', undefined, event.title);
          return;
        case 'host-step':
          note(event.at, 'step', event.host, `${event.step}: ${event.message}`);
          return;
        case 'probe':
          addProbe(of(event.host), event);
          return;
        case 'warning':
          note(event.at, 'warning', event.host, event.message);
          return;
        case 'local-step':
          note(
            event.at,
            'local-step',
            undefined,
            `${event.name}: ${event.status}${event.message === undefined ? '' : `: ${event.message}`}`,
          );
          return;
        case 'host-done':
          addEnd(of(event.host), event);
          return;
        case 'summary':
          summary = event;
          return;
        default: // what else there is to see is nothing to keep
      }
    },
    soFar: (head) => ({
      ...head,
      endedAt: null,
      durationMs: null,
      outcome: 'running',
      exit: null,
      error: null,
      availability: null,
      hosts: [...hosts].map(([name, host]) => hostRecord(name, host)),
      notes,
    }),
    ended: (head, { exit, endedAt }) => ({
      ...head,
      process: null,
      endedAt,
      durationMs: summary?.durationMs ?? Math.max(0, Date.parse(endedAt) - Date.parse(head.startedAt)),
      outcome: outcomeOf(exit, summary),
      exit,
      error: summary?.error ?? null,
      availability: summary?.availability ?? null,
      hosts: withSummary(hosts, summary),
      notes,
    }),
  };
}

/** By its exit code, which says what was worst; docs/errors.md explains the codes. */
export function outcomeOf(exit: ExitCode, summary?: Pick<Summary, 'status'>): Outcome {
  switch (exit) {
    case 0:
      return summary?.status === 'changed' ? 'changed' : 'ok';
    case 1:
      return 'rejected';
    case 2:
      return summary?.status === 'reverted' ? 'reverted' : 'failed';
    case 3:
      return 'unknown';
    case 4:
      return 'unreachable';
    case 5:
      return 'locked';
    case 130:
      return 'interrupted';
  }
}

function begun(): Gathered {
  return {
    status: 'running',
    tookMs: null,
    resources: null,
    message: null,
    error: null,
    changes: [],
    planned: [],
    probes: new Map(),
  };
}

function addProbe(host: Gathered, { at, result }: Extract<RunEvent, { readonly event: 'probe' }>): void {
  const { ok, service, name, detail, tookMs, from } = result;
  // A service that failed and answers again has both to show.
  host.probes.set(`${ok} ${service} ${name} ${from ?? ''}`, {
    at,
    ok,
    service,
    name,
    detail,
    tookMs,
    from: from ?? null,
  });
}

/** A host may be in several plays: changes and times add up, and the worse status stays. */
function addEnd(host: Gathered, event: Extract<RunEvent, { readonly event: 'host-done' }>): void {
  if (event.status !== 'ok' || host.status === 'running') host.status = event.status;
  host.tookMs = (host.tookMs ?? 0) + event.tookMs;
  host.resources = (host.resources ?? 0) + event.resources;
  host.changes = [...host.changes, ...event.changes];
  host.error = event.error ?? host.error;
  host.message = event.message ?? host.message;
}

function hostRecord(name: string, host: Gathered): HostRecord {
  const { planned, probes, changes, ...rest } = host;
  const all = [...probes.values()];
  const kept = [...all.filter(({ ok }) => !ok), ...all.filter(({ ok }) => ok)].slice(0, PROBES_MAX);
  return { host: name, ...rest, changes: host.status === 'running' ? planned : changes, probes: kept };
}

/** The summary has the last word, also on hosts that came to no end of their own. */
function withSummary(hosts: ReadonlyMap<string, Gathered>, summary: Summary | undefined): readonly HostRecord[] {
  const names = new Set([...hosts.keys(), ...Object.keys(summary?.hosts ?? {})]);
  return [...names].map((name) => {
    const record = hostRecord(name, hosts.get(name) ?? begun());
    const told = summary?.hosts[name];
    if (told === undefined) return record.status === 'running' ? { ...record, status: 'skipped', changes: [] } : record;
    const changes = told.changes.length > record.changes.length ? told.changes : record.changes;
    return { ...record, status: told.status, error: told.error ?? record.error, changes };
  });
}
