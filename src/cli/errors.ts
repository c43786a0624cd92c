/** What can be wrong with a command line. */
import { EXIT, InfraError } from '../errors.ts';

/** The command line says something that no command understands. */
export class UsageError extends InfraError {
  readonly code = 'E_USAGE';
}

/** The user, or a lost terminal, ended the command. */
export class CancelledError extends InfraError {
  readonly code = 'E_CANCELLED';
  override readonly exitCode = EXIT.interrupted;
}
