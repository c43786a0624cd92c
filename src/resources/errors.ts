/** What is wrong with a resource as a role wrote it: found before any host is touched. */
import { InfraError } from '../errors.ts';

export class ResourceError extends InfraError {
  readonly code = 'E_RESOURCE';
}
