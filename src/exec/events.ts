/** What exec, copy and fetch tell: events for the screen, --json and the history. Fields are only ever added. */
import type { ErrorReport } from '../engine/events.ts';
import type { Kept } from './kept-output.ts';

/** How a host's part ended; `timeout`: the command was ended at its deadline. */
export type ExecStatus = 'ok' | 'failed' | 'timeout' | 'unreachable' | 'locked' | 'interrupted';

/** One of the commands that work on many hosts without a playbook. */
export type FleetCommand = 'exec' | 'copy' | 'fetch';

export interface HostOutcome {
  readonly host: string;
  readonly status: ExecStatus;
  /** Exit code of the command; null: it did not come to one, and `error` says why; always null for copy and fetch. */
  readonly code: number | null;
  /** The signal's name without SIG that ended it. */
  readonly signal: string | null;
  /** What arrived, also when it did not end. Empty in live mode. */
  readonly stdout: Kept;
  readonly stderr: Kept;
  readonly error: ErrorReport | null;
  /** What copy and fetch did: `written`, `same`, and where. */
  readonly done?: TransferDone;
  readonly tookMs: number;
}

export interface TransferDone {
  readonly action: 'written' | 'same';
  /** On the host for copy, here for fetch. */
  readonly path: string;
  readonly bytes: number;
  /** Of the content; of a folder: of its tar stream. */
  readonly sha256: string;
  /** Entries of a fetched folder that were left out: links, devices, and names that lead out of it. */
  readonly skipped?: readonly string[];
}

export type FleetEvent =
  | {
      readonly event: 'exec-started';
      readonly command: FleetCommand;
      readonly hosts: readonly string[];
      /** The operator's words: the program and its arguments, or SRC and DEST. */
      readonly argv: readonly string[];
      readonly sudo: boolean;
    }
  /** The command itself runs on the host now. */
  | { readonly event: 'host-started'; readonly host: string }
  /** Raw bytes as they came; the listener that returns a promise makes the host wait. */
  | { readonly event: 'output'; readonly host: string; readonly stream: 'stdout' | 'stderr'; readonly bytes: Buffer }
  | { readonly event: 'host-done'; readonly outcome: HostOutcome }
  | { readonly event: 'exec-done'; readonly outcomes: readonly HostOutcome[]; readonly tookMs: number };

/** A listener may be slow: what it returns is waited for before more of that host's output is read. */
export type FleetListener = (event: FleetEvent) => unknown;
