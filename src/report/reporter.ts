/** What listens to a run. */
import type { RunEvent } from '../engine/events.ts';
import type { ExitCode } from '../errors.ts';

export interface Reporter {
  onEvent(event: RunEvent): void;
  /** Keeps quiet while a question is asked; the next event, or resume(), goes on. */
  suspend?(): Promise<void>;
  resume?(): void;
  /** After the summary: the last words. */
  close(exit: ExitCode): Promise<void>;
}

/** What people-facing reporters are told. */
export interface TextReportOptions {
  readonly write: (text: string) => void;
  /** Diffs below changed hosts. */
  readonly diff: boolean;
  /** 0: what matters; 1: each step and every failed probe; 2: every probe. */
  readonly verbose: number;
  /** The command that applies what --check showed: `run deploy-dns --limit ns1`. */
  readonly applyCommand: string;
  /** `run history show 7f3a21`, once the run is in the history. */
  readonly showCommand?: () => string | undefined;
}
