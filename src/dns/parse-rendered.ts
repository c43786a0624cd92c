/** Reads a zone file as it lies on a host, which may have been edited by hand. */
import { parseZone } from './parse.ts';
import type { Zone } from './zone.ts';

/** Undefined when it has no SOA record: then nobody can say record by record what differs. */
export function parseRendered(text: string, name: string): Zone | undefined {
  return parseZone(text, { file: `db.${name}`, origin: name, lenient: true }).zone;
}
