/** What can go wrong with secrets; none of these quotes one. */
import { InfraError } from '../errors.ts';

/** A source did not give its value: a variable that is not set, a command that failed, a file that could not be decrypted. */
export class SecretError extends InfraError {
  readonly code = 'E_SECRET';
}
