/** The record of exec, copy and fetch: who, what, and how it ended on each host. What a command printed is not kept: nobody knows what is in it. */
import type { ExitCode } from '../errors.ts';
import type { ExecStatus, HostOutcome } from '../exec/events.ts';
import { outcomeOf, type RunHead } from './collect.ts';
import type { HostRecord, RunRecord } from './record.ts';

export function fleetRecord(
  head: RunHead,
  end: {
    readonly outcomes: readonly HostOutcome[];
    readonly exit: ExitCode;
    readonly endedAt: string;
    readonly durationMs: number;
  },
): RunRecord {
  const { outcomes, exit, endedAt, durationMs } = end;
  return {
    ...head,
    process: null,
    endedAt,
    durationMs,
    outcome: exit === 0 && outcomes.some(({ done }) => done?.action === 'written') ? 'changed' : outcomeOf(exit),
    exit,
    error: null,
    availability: null,
    hosts: outcomes.map(hostRecord),
    notes: [],
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
