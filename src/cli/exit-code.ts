/** How a run ended, as an exit code. Pure; docs/errors.md explains the codes. */
import type { HostStatus, Summary } from '../engine/events.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { isUntouched } from '../report/abort.ts';

/** When several apply, the first of these. */
const ORDER: readonly ExitCode[] = [EXIT.unknown, EXIT.interrupted, EXIT.failed, EXIT.unreachable, EXIT.locked];

const CODE_OF_STATUS: Readonly<Record<HostStatus, ExitCode>> = {
  ok: EXIT.ok,
  changed: EXIT.ok,
  skipped: EXIT.ok,
  reverted: EXIT.failed,
  failed: EXIT.failed,
  refused: EXIT.failed,
  unreachable: EXIT.unreachable,
  locked: EXIT.locked,
  unknown: EXIT.unknown,
};

/** What the user did while the run went on. */
export interface Intervention {
  /** Ctrl-C, SIGTERM or a lost terminal, before the run was done. */
  readonly interrupted: boolean;
  /** The question before the first change was answered with no. */
  readonly declined: boolean;
}

/** The code of a run that came to a summary. A declined run changed nothing and is not as described either: 1. */
export function exitCode(summary: Summary, { interrupted, declined }: Intervention): ExitCode {
  const codes = new Set<ExitCode>(Object.values(summary.hosts).map(({ status }) => CODE_OF_STATUS[status]));
  if (interrupted) codes.add(EXIT.interrupted);
  const first = ORDER.find((code) => codes.has(code));
  if (first !== undefined) return first;
  return summary.error !== undefined || declined ? EXIT.usage : EXIT.ok;
}

/** The code of a run that was ended by an error whose own code is `own`: 1 says that nothing was touched, and 0 that all is well. */
export function codeOfFailure(summary: Summary, own: ExitCode): ExitCode {
  if (isUntouched(summary)) return own;
  const code = exitCode(summary, { interrupted: own === EXIT.interrupted, declined: false });
  if (code !== EXIT.ok && code !== EXIT.usage) return code;
  return own === EXIT.usage || own === EXIT.ok ? EXIT.failed : own;
}
