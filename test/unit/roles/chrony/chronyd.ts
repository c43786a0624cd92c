/** The real chronyd of this machine, where there is one: it reads what we generate. It is never started so that it steers a clock. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `4.6`; undefined when chrony is not installed (then a line on stderr says so, once). */
export const chronyVersion = installedVersion();

function installedVersion(): number | undefined {
  const { stdout, error } = spawnSync('chronyd', ['-v'], { encoding: 'utf8' });
  const version = /version (\d+\.\d+)/.exec(error === undefined ? stdout : '')?.[1];
  if (version !== undefined) return Number(version);
  process.stderr.write('tests with the real chronyd are skipped: it is not installed (apt-get install chrony)\n');
  return undefined;
}

/** `chronyd -p`: what it says, and whether it accepts. */
export function readByChronyd(text: string): { readonly accepted: boolean; readonly said: string } {
  const folder = mkdtempSync(join(tmpdir(), 'chrony-'));
  try {
    const path = join(folder, 'chrony.conf');
    writeFileSync(path, text);
    const { status, stdout, stderr } = spawnSync('chronyd', ['-p', '-f', path], { encoding: 'utf8' });
    return { accepted: status === 0, said: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
