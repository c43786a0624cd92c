/** Any error as events carry it. */

import { EXIT, type ExitCode, InfraError } from '../errors.ts';
import { maskKnown } from '../secrets/known.ts';
import { RefusedError } from './errors.ts';
import type { ErrorReport, HostStatus } from './events.ts';

export function errorReport(error: unknown): ErrorReport {
  if (error instanceof InfraError) {
    return {
      code: error.code,
      message: maskKnown(error.message),
      detail: error.detail.map(maskKnown),
      remedy: error.remedy,
      ...(error.where === undefined
        ? {}
        : { file: error.where.file, ...(error.where.line === undefined ? {} : { line: error.where.line }) }),
    };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'E_INTERNAL',
    message: `internal error: ${maskKnown(message)}`,
    detail: [],
    remedy: 'This is a bug of coreos-infra: please report it with the text above.',
  };
}

/** What a host's part of the run ended as, when `error` ended it. */
export function statusOfError(error: unknown): HostStatus {
  if (error instanceof RefusedError) return 'refused';
  const exit: ExitCode = error instanceof InfraError ? error.exitCode : EXIT.unknown;
  switch (exit) {
    case EXIT.unreachable:
      return 'unreachable';
    case EXIT.locked:
      return 'locked';
    case EXIT.unknown:
      return 'unknown';
    case EXIT.interrupted:
      return 'skipped';
    case EXIT.ok:
    case EXIT.usage:
    case EXIT.failed:
      return 'failed';
  }
}
