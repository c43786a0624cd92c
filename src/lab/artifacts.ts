/** What is built once and cached for all labs: root tree, operating system, images. Named by a hash of all that makes them. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';
import { assetPath } from '../assets.ts';
import { cacheFolder } from './paths.ts';
import type { Log } from './progress.ts';
import { step } from './progress.ts';
import { run, runScript, scriptPath } from './shell.ts';
import { OS_VERSION } from './versions.ts';

const KEEP_MS = 30 * 24 * 3_600_000;

export interface OsArtifacts {
  /** Folder with the root tree of Debian (below `root/`), in which image tools run. */
  readonly base: string;
  /** Folder with `repo` (a bare ostree repository) and `checksum`. */
  readonly os: string;
  /** Folder with `lab-os`: the hosts' rpm-ostree and Zincati, and the server of published releases. */
  readonly program: string;
}

/** The root tree and the operating system made of it. */
export async function ensureOs(log: Log): Promise<OsArtifacts> {
  const packages = assetPath('src/lab/packages.txt');
  const baseKey = keyOf([scriptPath('base-tree.sh'), packages]);
  const building = ensureArtifact(
    `base-${baseKey}`,
    'building the root tree of the hosts',
    scriptPath('base-tree.sh'),
    [packages],
    log,
  );
  const program = await ensureOsProgram(building, log);
  const base = await building;
  const overlay = assetPath('src/lab/overlay');
  const sources = [scriptPath('os-commit.sh'), scriptPath('os-release.sh'), overlay];
  const osKey = keyOf(sources, baseKey, OS_VERSION, program);
  const os = await ensureArtifact(
    `os-${osKey}`,
    'committing it as an operating system',
    scriptPath('os-commit.sh'),
    [base, overlay, OS_VERSION, program],
    log,
  );
  return { base, os, program };
}

/**
 * The folder with `lab-os`: the hosts' rpm-ostree and Zincati, and the server of published releases. It is compiled beside the
 * build of the root tree where this machine has Go.
 */
export async function ensureOsProgram(base: Promise<string>, log: Log): Promise<string> {
  const source = assetPath('src/lab/rpm-ostree');
  const script = scriptPath('go-program.sh');
  base.catch(() => undefined); // awaited below or by the caller
  const canBuildOutside = runScript(script, ['--builds-outside', source], { what: 'looking for a compiler' });
  await canBuildOutside.catch(() => base);
  const args = [source, 'lab-os', '-', basePath()];
  return ensureArtifact(`lab-os-${keyOf([script, source])}`, "compiling the hosts' rpm-ostree", script, args, log);
}

export function osChecksum(os: string): string {
  return readFileSync(join(os, 'checksum'), 'utf8').trim();
}

/** Where the root tree is, or will be: recipes that need it are told before it is there. */
export function basePath(): string {
  return artifactPath(`base-${keyOf([scriptPath('base-tree.sh'), assetPath('src/lab/packages.txt')])}`);
}

/** The artifact's folder; built by `script` unless it is there (the script's first argument is the folder to fill). */
export async function ensureArtifact(
  name: string,
  title: string,
  script: string,
  args: readonly string[],
  log: Log,
): Promise<string> {
  const path = artifactPath(name);
  if (existsSync(path)) {
    utimesSync(path, new Date(), new Date()); // in use: pruneCache looks at it
    return path;
  }
  await step(log, title, () => runScript('artifact.sh', [path, script, ...args], { what: title }));
  return path;
}

/** Forgets what no lab has asked for in a month. Hosts hard-link what they need, so none loses anything. */
export async function pruneCache(log: Log): Promise<void> {
  const old = readdirSync(cacheFolder())
    .filter((name) => !name.endsWith('.lock'))
    .map((name) => join(cacheFolder(), name))
    .filter((path) => Date.now() - statSync(path).mtimeMs > KEEP_MS);
  for (const path of old) {
    log(`${path} has not been used for a month: deleting it`);
    await run(['rm', '-rf', '--one-file-system', path], { what: 'deleting what is no longer used' });
  }
}

export const artifactPath = (name: string): string => join(cacheFolder(), name);

/** Hash of files and folders (names, modes and contents) and of further words. */
export function keyOf(paths: readonly string[], ...words: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) addPath(hash, path, basename(path));
  for (const word of words) hash.update(`\0word ${word}`);
  return hash.digest('hex').slice(0, 16);
}

function addPath(hash: ReturnType<typeof createHash>, path: string, name: string): void {
  const info = statSync(path);
  if (info.isDirectory()) {
    for (const entry of readdirSync(path).sort()) addPath(hash, join(path, entry), `${name}/${entry}`);
    return;
  }
  const isExecutable = (info.mode & 0o100) !== 0; // the other bits are the checkout's umask
  hash.update(`\0file ${name} ${isExecutable} ${info.size}\0`).update(readFileSync(path));
}
