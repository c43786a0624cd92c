/** What can go wrong with the lab, as errors that people read. */
import { EXIT, InfraError } from '../errors.ts';

/** The lab cannot be had as asked. */
export class LabError extends InfraError {
  override readonly code: `E_${string}` = 'E_LAB';
}

/** Rights or programs that the lab needs are missing on this machine. */
export class LabRequirementsError extends InfraError {
  readonly code = 'E_LAB_REQUIREMENTS';
}

/** A program that the lab runs on this machine failed. */
export class LabCommandError extends InfraError {
  readonly code = 'E_LAB_COMMAND';
  override readonly exitCode = EXIT.failed;
}

/** A lab host does not boot, or does not answer. */
export class LabHostError extends InfraError {
  readonly code = 'E_LAB_HOST';
  override readonly exitCode = EXIT.failed;
}
