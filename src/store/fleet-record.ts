/** The record of exec, copy and fetch: who, what, and how it ended on each host. What a command printed is not kept: nobody knows what is in it. */
import type { ErrorReport } from '../engine/events.ts';
import type { ExitCode } from '../errors.ts';
import type { ExecStatus, HostOutcome } from '../exec/events.ts';
import { outcomeOf, type RunHead } from './collect.ts';
import type { HostRecord, RunRecord } from './record.ts';

export interface FleetSoFar {
  /** Hosts that were chosen. */
  readonly hosts: readonly string[];
  /** Of those that came to an end. */
  readonly outcomes: readonly HostOutcome[];
}

export interface FleetEnd {
  readonly outcomes: readonly HostOutcome[];
  readonly exit: ExitCode;
  readonly endedAt: string;
  readonly durationMs: number;
  /** What ended it before any host was touched. */
  readonly error?: ErrorReport;
}

export function fleetRecord(head: RunHead, end: FleetEnd): RunRecord {
  const { outcomes, exit, endedAt, durationMs, error = null } = end;
  return {
    ...head,
    process: null,
    endedAt,
    durationMs,
    outcome: exit === 0 && outcomes.some(({ done }) => done?.action === 'written') ? 'changed' : outcomeOf(exit),
    exit,
    error,
    availability: null,
    hosts: outcomes.map(hostRecord),
    notes: [],
  };
}

/** While it runs: should its process die, the history says that it was begun, and where it had ended. */
export function fleetRecordSoFar(head: RunHead, { hosts, outcomes }: FleetSoFar): RunRecord {
  const ended = new Map(outcomes.map((outcome) => [outcome.host, hostRecord(outcome)]));
  return {
    ...head,
    endedAt: null,
    durationMs: null,
    outcome: 'running',
    exit: null,
    error: null,
    availability: null,
    hosts: hosts.map((host) => ended.get(host) ?? running(host)),
    notes: [],
  };
}

function running(host: string): HostRecord {
  return {
    host,
    status: 'running',
    tookMs: null,
    resources: null,
    message: null,
    error: null,
    changes: [],
    probes: [],
  };
}

const STATUS: Readonly<Record<ExecStatus, HostRecord['status']>> = {
  ok: 'ok',
  failed: 'failed',
  timeout: 'timeout',
  unreachable: 'unreachable',
  locked: 'locked',
  interrupted: 'interrupted',
};

function hostRecord({ host, status, code, signal, done, error, tookMs }: HostOutcome): HostRecord {
  const ended = code !== null ? `exit ${code}` : signal !== null ? `ended by SIG${signal}` : null;
  const copied =
    done === undefined ? null : `${done.path} ${done.action}, ${done.bytes} bytes, sha256 ${done.sha256.slice(0, 12)}`;
  return {
    host,
    status: done?.action === 'written' ? 'changed' : STATUS[status],
    tookMs: Math.round(tookMs),
    resources: null,
    message: copied ?? ended,
    error,
    changes: [],
    probes: [],
  };
}
