/** From a file in playbooks/ to a Playbook value, with an error of its own for every way in which that can fail. */
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../assets.ts';
import { InfraError } from '../errors.ts';
import { isUpgrade, type Upgrade } from '../upgrade/define.ts';
import { cacheFolder, readCache, writeCache } from './cache.ts';
import type { Playbook } from './define.ts';
import { PlaybookImportError, PlaybookShapeError, reservedName } from './errors.ts';
import type { PlaybookFile } from './find.ts';
import { ownModules } from './own-modules.ts';
import { isReservedName } from './reserved.ts';
import { thrownAt } from './thrown-at.ts';

export interface LoadOptions {
  /** Absolute: the folder that holds playbooks/. */
  readonly projectDir: string;
  /** Absolute: the program's own package; default the running one. */
  readonly programDir?: string;
  /** Absolute: where modules are cached when the project's node_modules cannot be written; default ~/.cache. */
  readonly userCacheDir?: string;
}

/** Throws PlaybookCompileError, PlaybookImportError, PlaybookShapeError or ReservedNameError; nothing has touched a host. */
export function loadPlaybook(file: PlaybookFile, options: LoadOptions): Promise<Playbook> {
  return loadAs(file, options, { is: isPlaybook, what: 'a playbook', maker: 'definePlaybook' });
}

/** The procedure of playbooks/upgrade.ts; throws as loadPlaybook. */
export function loadUpgrade(file: PlaybookFile, options: LoadOptions): Promise<Upgrade> {
  return loadAs(file, options, { is: isUpgrade, what: 'an upgrade', maker: 'defineUpgrade' });
}

interface Shape<T> {
  readonly is: (value: unknown) => value is T;
  readonly what: string;
  /** Of 'coreos-infra': what makes one. */
  readonly maker: string;
}

async function loadAs<T extends { readonly name: string }>(
  file: PlaybookFile,
  options: LoadOptions,
  shape: Shape<T>,
): Promise<T> {
  refuseReserved(file.name, file.path);
  const module = await importModule(await compiledModule(file.path, options), file.path);
  const playbook = checkShape(module, file, shape);
  refuseReserved(playbook.name, file.path);
  return playbook;
}

/** The URL of the transpiled module: in the cache, or itself where nothing can be written. */
async function compiledModule(path: string, options: LoadOptions): Promise<string> {
  const { projectDir, programDir = packageRoot(), userCacheDir = join(homedir(), '.cache') } = options;
  const folder = cacheFolder(projectDir, userCacheDir);
  const key = { path, projectDir, programDir };
  const cached = readCache(folder, key);
  if (cached !== undefined) return pathToFileURL(cached).href;
  const { compilePlaybook } = await import('./compile.ts');
  const compiled = await compilePlaybook(path, ownModules(programDir));
  const written = writeCache(folder, key, compiled);
  if (written !== undefined) return pathToFileURL(written).href;
  return `data:text/javascript;base64,${Buffer.from(compiled.code).toString('base64')}`;
}

async function importModule(url: string, path: string): Promise<Readonly<Record<string, unknown>>> {
  process.setSourceMapsEnabled(true); // an error of the playbook names its own lines, not those of the cache
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof InfraError) throw error;
    const where = thrownAt(error, path);
    const what = error instanceof Error ? error.message : String(error);
    throw new PlaybookImportError(`${path} throws while it is loaded: ${what}`, {
      where,
      remedy: 'Importing a playbook must only define it: correct the line above.',
      cause: error,
    });
  }
}

function checkShape<T extends { readonly name: string }>(
  module: Readonly<Record<string, unknown>>,
  { name, path }: PlaybookFile,
  { is, what, maker }: Shape<T>,
): T {
  const { default: value } = module;
  const where = { file: path };
  if (value === undefined) {
    throw new PlaybookShapeError(`${path} has no default export`, {
      where,
      remedy: `End it with: export default ${maker}({ name: '${name}', … })`,
    });
  }
  if (!is(value)) {
    throw new PlaybookShapeError(`${path}: its default export is not ${what}`, {
      where,
      remedy: `Make it with ${maker}() of 'coreos-infra': export default ${maker}({ name: '${name}', … })`,
    });
  }
  if (value.name !== name) {
    throw new PlaybookShapeError(`${path} calls its playbook '${value.name}'`, {
      where,
      remedy: `Name it '${name}', as the file, or rename the file to ${value.name}${basename(path).slice(name.length)}.`,
    });
  }
  return value;
}

function isPlaybook(value: unknown): value is Playbook {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'coreos-infra/playbook';
}

function refuseReserved(name: string, path: string): void {
  if (isReservedName(name)) throw reservedName({ name, path });
}
