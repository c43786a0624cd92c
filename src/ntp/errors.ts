/** What is wrong with what a time server's tools say. */
import { EXIT, InfraError } from '../errors.ts';

/** chronyc printed something that its manual does not describe. */
export class ChronycOutputError extends InfraError {
  readonly code = 'E_CHRONYC_OUTPUT';
  override readonly exitCode = EXIT.failed;
}
