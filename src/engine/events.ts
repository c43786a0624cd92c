/** The one thing that leaves the engine: a typed stream. Screen, --json, reports and history are listeners. Fields are only added. */
import type { ProbeResult } from '../probes/types.ts';

export type HostStatus =
  | 'ok'
  | 'changed'
  | 'reverted'
  | 'failed'
  | 'refused'
  | 'locked'
  | 'unreachable'
  | 'unknown'
  | 'skipped';

export interface ChangeReport {
  /** `file:/etc/coredns/Corefile` */
  readonly resource: string;
  readonly action: 'create' | 'update' | 'delete' | 'restart' | 'reload' | 'start' | 'stop' | 'run';
  /** In a few words: `2026112001 → 2026112002 (+1 ~1)`. */
  readonly detail?: string;
  /** Lines with `+ `, `- `, `~ ` or two spaces before them; only with --diff or for the history. */
  readonly diff?: readonly string[];
  /** The file was edited by hand since we wrote it: these lines of the hand would be replaced. */
  readonly handEdit?: readonly string[];
  /** When the file was last written to by that hand (its mtime), ISO 8601. */
  readonly handEditAt?: string;
}

export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly detail: readonly string[];
  readonly remedy: string;
  readonly file?: string;
  readonly line?: number;
}

export interface AvailabilityFigure {
  readonly asked: number;
  readonly answered: number;
  readonly longestGapMs: number;
  /** Only where clients ask again (DHCP): so many of those that were answered had to, or of those that were not. */
  readonly askedAgain?: number;
}

export interface HostSummary {
  readonly status: HostStatus;
  readonly changes: readonly ChangeReport[];
  readonly error: ErrorReport | null;
}

export interface Summary {
  readonly event: 'summary';
  readonly playbook: string;
  readonly check: boolean;
  readonly status: 'ok' | 'changed' | 'reverted' | 'failed';
  readonly durationMs: number;
  readonly hosts: Readonly<Record<string, HostSummary>>;
  /** By service, then `group` or host name; only when a host of a redundancy group was changed. */
  readonly availability?: Readonly<Record<string, Readonly<Record<string, AvailabilityFigure>>>>;
  /** An error that ended the run before any host was touched. */
  readonly error?: ErrorReport;
}

/** Events as the engine emits them; `at` (ISO 8601) and `run` are added by the stream. */
export type EngineEvent =
  | {
      readonly event: 'run-started';
      readonly playbook: string;
      readonly check: boolean;
      readonly pattern: string;
      readonly hosts: readonly string[];
      readonly commit?: string;
    }
  /** An OS upgrade is decided: what it is, in one line for people; hosts in the order in which they are taken. */
  | {
      readonly event: 'upgrade-planned';
      readonly title: string;
      readonly target: string;
      readonly order: readonly string[];
    }
  | {
      readonly event: 'play-started';
      /** The playbook that it comes from, where several are run as one. */
      readonly name?: string;
      readonly pattern: string;
      readonly hosts: readonly string[];
      readonly roles: readonly string[];
    }
  | {
      readonly event: 'local-step';
      readonly name: string;
      readonly status: 'started' | 'done' | 'failed';
      readonly message?: string;
    }
  /** A gate is asked, and opened, or stayed closed: `message` says what was seen. */
  | {
      readonly event: 'gate';
      readonly name: string;
      readonly status: 'asked' | 'open' | 'closed';
      readonly message?: string;
    }
  | { readonly event: 'host-observed'; readonly host: string; readonly resources: number; readonly tookMs: number }
  | {
      readonly event: 'host-plan';
      readonly host: string;
      readonly changes: readonly ChangeReport[];
      readonly resources: number;
    }
  /** What is going on now: `staging`, `validating coredns`, `asking 3 zones on 192.0.2.11`. */
  | { readonly event: 'host-step'; readonly host: string; readonly step: string; readonly message: string }
  | { readonly event: 'probe'; readonly host: string; readonly result: ProbeResult }
  | { readonly event: 'warning'; readonly host?: string; readonly message: string; readonly remedy?: string }
  | {
      readonly event: 'host-done';
      readonly host: string;
      readonly status: HostStatus;
      readonly tookMs: number;
      readonly resources: number;
      readonly changes: readonly ChangeReport[];
      readonly error: ErrorReport | null;
      readonly message?: string;
    }
  | Summary;

export type RunEvent = EngineEvent & { readonly at: string; readonly run: string };
export type Emit = (event: EngineEvent) => void;
