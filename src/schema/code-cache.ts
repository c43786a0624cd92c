/** Keeps generated validators between runs, in the user's own cache folder, which nobody else may write. */
import { lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const END = '\n// end of validator\n';

/** The code under `key`; undefined when there is none, or when it is not safe to run it. */
export function readCached(key: string): string | undefined {
  try {
    const folder = cacheFolder();
    if (!isOurs(folder)) return undefined;
    const text = readFileSync(join(folder, `${key}.cjs`), 'utf8');
    return text.endsWith(END) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Never fails: without a cache the next run compiles again. */
export function writeCached(key: string, code: string): void {
  try {
    const folder = cacheFolder();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOurs(folder)) return;
    const path = join(folder, `${key}.cjs`);
    const staged = `${path}.${process.pid}`;
    writeFileSync(staged, code + END, { mode: 0o600 });
    renameSync(staged, path);
  } catch {
    // A read-only home, a full disk: slower, not wrong.
  }
}

function cacheFolder(): string {
  return join(homedir(), '.cache', 'coreos-infra', 'schemas');
}

/** What lies there is run: the folder must belong to us, and be writable by nobody else. */
function isOurs(folder: string): boolean {
  const stat = lstatSync(folder);
  return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0;
}
