/** Reads the shell files of the helper and joins those that a verb needs. Read once per process. */
import { readFileSync } from 'node:fs';
import { assetPath } from '../assets.ts';

const cache = new Map<string, string>();

/** The named files of src/host, one after the other, as one script. */
export function joinScripts(names: readonly string[]): string {
  return names.map(readScript).join('\n');
}

function readScript(name: string): string {
  let text = cache.get(name);
  if (text === undefined) {
    text = readFileSync(assetPath(`src/host/${name}.sh`), 'utf8');
    cache.set(name, text);
  }
  return text;
}
