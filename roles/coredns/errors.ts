/** What is wrong with values that become a Corefile. */
import { InfraError } from 'coreos-infra';

/** A value cannot stand in a Corefile, or would leave the block that it belongs in. */
export class CorefileError extends InfraError {
  readonly code = 'E_COREFILE';
}
