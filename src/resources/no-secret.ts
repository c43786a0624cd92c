/** Catches a secret that was put into plain text by mistake: `${secret}` gives what is shown of it, not its value. */
import { SECRET_SHOWN } from '../secrets/shown.ts';
import { ResourceError } from './errors.ts';

/** The text itself. `what` names it: `/etc/app.conf`. */
export function withoutSecret(text: string, what: string): string {
  if (!text.includes(SECRET_SHOWN)) return text;
  throw new ResourceError(`${what} would hold the word ${SECRET_SHOWN}: a secret was put into plain text`, {
    remedy:
      'Compose a file of it with secretText`…`, give it to a container with podmanSecret(); a command reads it from such a file.',
  });
}
