/** What can go wrong between us and the helper on a host. */
import { EXIT, InfraError } from '../errors.ts';

/** The helper's answer cannot be read: cut off, not ours, or against the contract of its version. */
export class HostAnswerError extends InfraError {
  readonly code = 'E_HOST_ANSWER';
  override readonly exitCode = EXIT.failed;
}

/** A value that cannot be sent to a host (a NUL byte, a relative path): a fault in the resources, found before anything is sent. */
export class HostRequestError extends InfraError {
  readonly code = 'E_HOST_REQUEST';
}
