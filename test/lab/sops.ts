/** The programs sops and age-keygen for tests: the machine's own, else built from their Go modules once and cached beside the lab's images. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../src/assets.ts';
import { artifactPath, ensureArtifact, keyOf } from '../../src/lab/artifacts.ts';

const SOPS_VERSION = 'v3.11.0';
const AGE_VERSION = 'v1.2.1';

export interface Sops {
  /** PATH with both programs on it. */
  readonly path: string;
}

/** Or why there is none. */
export async function findSops(): Promise<Sops | string> {
  const path = process.env['PATH'] ?? '';
  if (['sops', 'age-keygen'].every((program) => isThere(program, path))) return { path };
  if (!isThere('go', path)) return 'neither sops with age-keygen nor Go, which could build them, is installed';
  const script = join(packageRoot(), 'test/lab/sops.sh');
  const name = `sops-${keyOf([script], SOPS_VERSION, AGE_VERSION)}`;
  mkdirSync(dirname(artifactPath(name)), { recursive: true });
  const log = (line: string): void => void process.stderr.write(`sops: ${line}\n`);
  try {
    const folder = await ensureArtifact(name, 'building sops for tests', script, [SOPS_VERSION, AGE_VERSION], log);
    return { path: `${join(folder, 'bin')}:${path}` };
  } catch (error) {
    return `sops could not be built: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** A new age key in `file`; its recipient. */
export function makeAgeKey(sops: Sops, file: string): string {
  execFileSync('age-keygen', ['-o', file], { env: { ...process.env, PATH: sops.path }, stdio: 'ignore' });
  return execFileSync('age-keygen', ['-y', file], {
    env: { ...process.env, PATH: sops.path },
    encoding: 'utf8',
  }).trim();
}

/** Writes `file` and encrypts it in place for `recipient`; keys named `id` stay readable. */
export function encryptFile(sops: Sops, file: string, recipient: string, text: string): void {
  writeFileSync(file, text);
  execFileSync('sops', ['--encrypt', '--age', recipient, '--unencrypted-regex', '^id$', '--in-place', file], {
    env: { ...process.env, PATH: sops.path },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function isThere(program: string, path: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${program}`], { env: { PATH: path }, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
