/** How a host's part ended, from what was seen of it; and the exit code of all of them. Pure. */
import { errorReport } from '../engine/error-report.ts';
import { EXIT, type ExitCode, InfraError } from '../errors.ts';
import type { ExecResult } from '../ssh/transport.ts';
import { CommandTimeoutError } from './errors.ts';
import type { ExecStatus, HostOutcome } from './events.ts';

type Ending = Pick<HostOutcome, 'status' | 'code' | 'signal' | 'error'>;

export interface Deadline {
  /** 0: none. */
  readonly timeoutSec: number;
  /** From the start on the host to its end, as seen from here. */
  readonly ranMs: number;
}

/** timeout(1): 124 when SIGTERM ended the command, 137 when it needed SIGKILL. */
const TIMEOUT_CODES: readonly number[] = [124, 137];
/** Clocks of two machines are compared here; no command ends by itself with 124 in just this moment. */
const SLACK_MS = 100;

export function endingOfResult(host: string, result: Pick<ExecResult, 'code' | 'signal'>, deadline: Deadline): Ending {
  const { code, signal = null } = result;
  const { timeoutSec, ranMs } = deadline;
  if (timeoutSec > 0 && TIMEOUT_CODES.includes(code) && ranMs >= timeoutSec * 1000 - SLACK_MS) {
    const how = code === 137 ? 'killed, since it did not end when asked' : 'ended';
    const error = new CommandTimeoutError(`after ${timeoutSec} s the command was ${how} on the host`, {
      host,
      remedy: 'Give it more time: --timeout SECONDS (0: no limit).',
    });
    return { status: 'timeout', code, signal, error: errorReport(error) };
  }
  return { status: code === 0 ? 'ok' : 'failed', code, signal, error: null };
}

export function endingOfError(error: unknown): Ending {
  return { status: statusOf(error), code: null, signal: null, error: errorReport(error) };
}

function statusOf(error: unknown): ExecStatus {
  if (error instanceof CommandTimeoutError) return 'timeout';
  const exit: ExitCode = error instanceof InfraError ? error.exitCode : EXIT.failed;
  if (exit === EXIT.unreachable) return 'unreachable';
  if (exit === EXIT.locked) return 'locked';
  return exit === EXIT.interrupted ? 'interrupted' : 'failed';
}

/** When several apply, the first (docs/errors.md). */
const CODES: readonly (readonly [ExitCode, readonly ExecStatus[]])[] = [
  [EXIT.interrupted, ['interrupted']],
  [EXIT.failed, ['failed', 'timeout']],
  [EXIT.unreachable, ['unreachable']],
  [EXIT.locked, ['locked']],
];

export function exitCodeOf(outcomes: readonly Pick<HostOutcome, 'status'>[]): ExitCode {
  const found = CODES.find(([, statuses]) => outcomes.some(({ status }) => statuses.includes(status)));
  return found?.[0] ?? EXIT.ok;
}
