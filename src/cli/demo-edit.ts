/** Changes one address record in a folder of zone files, as a person would with an editor. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './errors.ts';

export interface Edit {
  /** The name whose record changed, absolute, without the dot at its end. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** An ordinary A record of the first zone that has one; `www` where there is one. Throws UsageError when there is none. */
export function editOneRecord(zonesDir: string): Edit {
  for (const file of readdirSync(zonesDir)
    .filter((entry) => entry.startsWith('db.'))
    .sort()) {
    const path = join(zonesDir, file);
    const text = readFileSync(path, 'utf8');
    const record =
      /^(www)\s(?:.*\s)?A\s+(\d+\.\d+\.\d+\.\d+)/m.exec(text) ??
      /^(?!ns\d*\s)([a-z][a-z0-9-]*)\s(?:.*\s)?A\s+(\d+\.\d+\.\d+\.\d+)/m.exec(text);
    const [line = '', label = '', before = ''] = record ?? [];
    if (record === null) continue;
    const after = neighbour(before);
    writeFileSync(path, text.replace(line, line.slice(0, -before.length) + after));
    return { name: `${label}.${file.slice('db.'.length)}`, before, after };
  }
  throw new UsageError(`no zone in ${zonesDir} has an A record to change`, {
    remedy: 'The demo needs one, for example: www IN A 192.0.2.80',
  });
}

/** The next address of the same network, never .0 or .255. */
function neighbour(address: string): string {
  const octets = address.split('.').map(Number);
  const last = octets[3] ?? 0;
  return [...octets.slice(0, 3), last >= 254 ? last - 1 : last + 1].join('.');
}
