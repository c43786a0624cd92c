/** Transpiled playbooks, kept by the content of everything that went into them. A hit reads and hashes a few small files. */
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Compiled } from './compile.ts';

/** What compilePlaybook() makes of the same inputs may change with this file's program: then count up. */
const FORMAT = 1;
const KEPT_MS = 7 * 24 * 3_600_000;

interface Manifest {
  readonly format: number;
  /** Absolute folders that are written into the code. */
  readonly projectDir: string;
  readonly programDir: string;
  /** Relative to the project. */
  readonly inputs: readonly { readonly path: string; readonly sha256: string }[];
  /** File name of the module in the cache folder. */
  readonly module: string;
}

export interface CacheKey {
  readonly projectDir: string;
  readonly programDir: string;
  /** Absolute path of the playbook. */
  readonly path: string;
}

/** `<project>/node_modules/.cache/coreos-infra`, or below the user's cache folder where that cannot be used. */
export function cacheFolder(projectDir: string, userCacheDir: string): string {
  const modules = join(projectDir, 'node_modules');
  const folder = join(modules, '.cache', 'coreos-infra');
  const isUsable = canWrite(folder) ?? canWrite(join(modules, '.cache')) ?? canWrite(modules) ?? false;
  return isUsable ? folder : join(userCacheDir, 'coreos-infra', sha256(projectDir).slice(0, 16));
}

/** undefined: there is no such folder. */
function canWrite(folder: string): boolean | undefined {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : false;
  }
}

/** Absolute path of the module when no input has changed since it was made. */
export function readCache(folder: string, key: CacheKey): string | undefined {
  try {
    const manifest = JSON.parse(readFileSync(manifestPath(folder, key), 'utf8')) as Manifest; // written below only
    const isSame =
      manifest.format === FORMAT &&
      manifest.projectDir === key.projectDir &&
      manifest.programDir === key.programDir &&
      manifest.inputs.every((input) => sha256(readFileSync(resolve(key.projectDir, input.path))) === input.sha256);
    const module = join(folder, manifest.module);
    return isSame && statSync(module).isFile() ? module : undefined;
  } catch {
    return undefined; // nothing there, or not readable any more: made anew
  }
}

/** Returns the absolute path of the module; undefined where nothing can be written. The code is named by its hash, so that a process never imports an older one. */
export function writeCache(folder: string, key: CacheKey, compiled: Compiled): string | undefined {
  try {
    return write(folder, key, compiled);
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

function write(folder: string, key: CacheKey, compiled: Compiled): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const module = `${sha256(compiled.code).slice(0, 24)}.mjs`;
  const manifest: Manifest = {
    format: FORMAT,
    projectDir: key.projectDir,
    programDir: key.programDir,
    inputs: compiled.inputs.map((path) => ({
      path: relative(key.projectDir, path),
      sha256: sha256(readFileSync(path)),
    })),
    module,
  };
  writeAtomically(join(folder, module), compiled.code);
  writeAtomically(manifestPath(folder, key), JSON.stringify(manifest));
  prune(folder);
  return join(folder, module);
}

function manifestPath(folder: string, key: CacheKey): string {
  return join(folder, `${sha256(key.path).slice(0, 24)}.json`);
}

function writeAtomically(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, path);
}

/** Modules that nobody made anew for a week; one that is still wanted is simply made again. */
function prune(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => /\.(?:mjs|json|tmp)$/.test(entry))) {
    const path = join(folder, name);
    if (Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > KEPT_MS)
      rmSync(path, { force: true });
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
