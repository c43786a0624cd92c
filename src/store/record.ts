/** One run as the history keeps it. The same shape is `run history show ID --json`; fields are only added (docs/history.md). */
import type { AvailabilityFigure, ChangeReport, ErrorReport, HostStatus } from '../engine/events.ts';

/** `running` has not ended, or its process died: see `isAlive`. `rejected`: wrong input or a no, nothing was touched. */
export type Outcome =
  | 'running'
  | 'ok'
  | 'changed'
  | 'reverted'
  | 'failed'
  | 'unknown'
  | 'unreachable'
  | 'locked'
  | 'interrupted'
  | 'rejected';

export interface RunRecord {
  /** Six hex digits, as screens print it. */
  readonly id: string;
  /** `deploy-dns`, `upgrade`, `exec`, `revert`, `unlock`. */
  readonly command: string;
  /** The words of the command line after `run`, secrets masked. */
  readonly args: readonly string[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** null while it runs, and when its process died. */
  readonly endedAt: string | null;
  readonly durationMs: number | null;
  /** `admin@desk` */
  readonly owner: string;
  /** The schedule that started it. */
  readonly schedule: string | null;
  readonly commit: Commit;
  /** Of this program. */
  readonly version: string;
  /** Absolute folder. */
  readonly inventory: string;
  /** The lab's name when it was a rehearsal. */
  readonly lab: string | null;
  readonly check: boolean;
  readonly outcome: Outcome;
  readonly exit: number | null;
  /** What ended the run before any host was touched. */
  readonly error: ErrorReport | null;
  readonly availability: Readonly<Record<string, Readonly<Record<string, AvailabilityFigure>>>> | null;
  /** The process that records it, while it runs. */
  readonly process: ProcessMark | null;
  readonly hosts: readonly HostRecord[];
  readonly notes: readonly NoteRecord[];
}

/** `dirty` null: nothing was to be changed, or git could not tell in time. */
export interface Commit {
  /** `main@1c0f71d`; null outside a git repository. */
  readonly ref: string | null;
  readonly dirty: boolean | null;
}

export interface ProcessMark {
  readonly pid: number;
  /** Of this boot of this machine: numbers of processes come again after the next one. */
  readonly boot: string;
}

export interface HostRecord {
  readonly host: string;
  /** A HostStatus, or one of exec's: `timeout`, `interrupted`. */
  readonly status: HostStatus | 'timeout' | 'interrupted' | 'running';
  readonly tookMs: number | null;
  readonly resources: number | null;
  readonly message: string | null;
  readonly error: ErrorReport | null;
  readonly changes: readonly ChangeReport[];
  readonly probes: readonly ProbeRecord[];
}

/** The last answer of each kind, good or bad, to one question. */
export interface ProbeRecord {
  readonly at: string;
  readonly ok: boolean;
  readonly service: string;
  readonly name: string;
  readonly detail: string;
  readonly tookMs: number;
  readonly from: string | null;
}

export interface NoteRecord {
  readonly at: string;
  /** `notification`: somebody was told, or could not be. */
  readonly kind: 'warning' | 'local-step' | 'notification' | 'step';
  readonly host: string | null;
  readonly message: string;
}

/** A run without what happened in it: a line of `run history`. */
export interface RunLine extends Omit<RunRecord, 'hosts' | 'notes' | 'availability' | 'error'> {
  readonly hosts: readonly Pick<HostRecord, 'host' | 'status'>[];
  readonly changes: number;
}
