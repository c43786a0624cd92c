/** What can be wrong with the history. It never fails a run: a run warns, and only commands that are about the history end with these. */
import { EXIT, InfraError } from '../errors.ts';

/** The history cannot be read or written: disk full, no permission, a damaged file, or held by another program for too long. */
export class StoreError extends InfraError {
  readonly code = 'E_STORE';
}

/** The history was written by a newer version of this program: it is neither read nor changed. */
export class StoreNewerError extends InfraError {
  readonly code = 'E_STORE_NEWER';
}

/** The history's native program is not there for this machine: the packages were installed for another one, or without optional ones. */
export class StoreUnavailableError extends InfraError {
  readonly code = 'E_STORE_UNAVAILABLE';
}

/** No run of the history has this id, or several do. */
export class RunNotFoundError extends InfraError {
  readonly code = 'E_RUN_NOT_FOUND';
}

/** A record that others keep in the store is not what its reader expects: written by hand, or by another version. */
export class StoreValueError extends InfraError {
  readonly code = 'E_STORE_VALUE';
  override readonly exitCode = EXIT.failed;
}
