/** What ends a host's part of a run, or the run before it begins. */
import { EXIT, InfraError } from '../errors.ts';

/** The roles of a play contradict each other, or a filter selects nothing. Nothing was touched. */
export class DesiredStateError extends InfraError {
  readonly code = 'E_DESIRED_STATE';
}

/** The host cannot be brought to the desired state from what stands there (a symlink in the way, …). Nothing was touched. */
export class PlanRefusedError extends InfraError {
  readonly code = 'E_PLAN_REFUSED';
  override readonly exitCode = EXIT.failed;
}

/** The host refused or failed a step of the change set. */
export class ApplyError extends InfraError {
  readonly code = 'E_APPLY';
  override readonly exitCode = EXIT.failed;
}

/** The service does not answer as it should. */
export class ProbeFailedError extends InfraError {
  readonly code = 'E_PROBE_FAILED';
  override readonly exitCode = EXIT.failed;
}

/** Nobody knows what the host is now: the link was lost after the first write. */
export class OutcomeUnknownError extends InfraError {
  readonly code = 'E_OUTCOME_UNKNOWN';
  override readonly exitCode = EXIT.unknown;
}

/** The host serves, and too few others would while it is touched. */
export class RefusedError extends InfraError {
  readonly code = 'E_REFUSED';
  override readonly exitCode = EXIT.failed;
}

/** A temporary state was left, and its host is not as it was before it. What the run changed has ended. */
export class StateNotLeftError extends InfraError {
  readonly code = 'E_STATE_NOT_LEFT';
  override readonly exitCode = EXIT.failed;
}

/** An earlier generation cannot be brought back. Nothing was touched. */
export class RestoreError extends InfraError {
  readonly code = 'E_RESTORE';
  override readonly exitCode = EXIT.failed;
}

/** Another run holds the host. */
export class HostLockedError extends InfraError {
  readonly code = 'E_HOST_LOCKED';
  override readonly exitCode = EXIT.locked;
}

/** The user, or a lost terminal, ended the run. */
export class InterruptedError extends InfraError {
  readonly code = 'E_INTERRUPTED';
  override readonly exitCode = EXIT.interrupted;
}
