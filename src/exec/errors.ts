/** What can go wrong with a command, a copy or a fetch on one host; and with what was asked for. */
import { EXIT, InfraError } from '../errors.ts';

/** The command was ended on the host at its deadline. */
export class CommandTimeoutError extends InfraError {
  readonly code = 'E_COMMAND_TIMEOUT';
  override readonly exitCode = EXIT.failed;
}

/** Whether the host is in the middle of a change set cannot be seen (no sudo). The command did not run. */
export class LockUnknownError extends InfraError {
  readonly code = 'E_LOCK_UNKNOWN';
  override readonly exitCode = EXIT.failed;
}

/** The host refused or failed to take or to give a file; nothing of it stays behind. */
export class TransferError extends InfraError {
  readonly code = 'E_TRANSFER';
  override readonly exitCode = EXIT.failed;
}

/** A local file, folder or stream that cannot be sent or received. No host was touched. */
export class LocalFileError extends InfraError {
  readonly code = 'E_LOCAL_FILE';
}
