/** The run's event stream: stamps what the engine emits with time and run, and hands it to every listener. */
import { randomBytes } from 'node:crypto';
import type { Emit, RunEvent } from '../engine/events.ts';
import type { ExitCode } from '../errors.ts';
import { maskEvent } from '../secrets/mask-events.ts';
import type { Reporter } from './reporter.ts';
import { advance, EMPTY_VIEW, type RunView } from './run-view.ts';

export interface RunStream {
  readonly run: string;
  readonly emit: Emit;
  /** The run so far. */
  view(): RunView;
  suspend(): Promise<void>;
  resume(): void;
  /** After the summary. A listener that failed meanwhile is reported here: it must not have stopped the run. */
  close(exit: ExitCode): Promise<void>;
}

/** Six hex digits: short enough to type, and unlikely to come again within a history. */
export function drawRunId(): string {
  return randomBytes(3).toString('hex');
}

export function createStream(
  run: string,
  reporters: readonly Reporter[],
  now: () => Date = () => new Date(),
): RunStream {
  let view = EMPTY_VIEW;
  const broken = new Map<Reporter, unknown>();
  const working = (): readonly Reporter[] => reporters.filter((reporter) => !broken.has(reporter));
  return {
    run,
    emit(event) {
      // Whatever engine it comes from: playbooks, upgrades, procedures.
      const stamped: RunEvent = { ...maskEvent(event), at: now().toISOString(), run };
      view = advance(view, stamped);
      for (const reporter of working()) {
        try {
          reporter.onEvent(stamped);
        } catch (error) {
          broken.set(reporter, error);
        }
      }
    },
    view: () => view,
    async suspend() {
      for (const reporter of working()) await reporter.suspend?.();
    },
    resume() {
      for (const reporter of working()) reporter.resume?.();
    },
    async close(exit) {
      for (const reporter of working()) await reporter.close(exit);
      const [first] = broken.values();
      if (first !== undefined) throw first;
    },
  };
}
