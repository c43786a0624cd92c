/** The `zone` resource: a DNS zone in a master file whose serial the engine manages. */
import type { Zone } from '../dns/zone.ts';
import { type AttributeOptions, checkedAttributes, checkedPath } from './paths.ts';
import type { ZoneResource } from './types.ts';

/** `path` is where the server reads it, e.g. `/etc/coredns/zones/db.example.com`. Default 0644 root:root. */
export function zone(path: string, content: Zone, options: AttributeOptions = {}): ZoneResource {
  return {
    kind: 'zone',
    id: `zone:${content.name}`,
    path: checkedPath(path),
    zone: content,
    ...checkedAttributes(options, 0o644),
  };
}
