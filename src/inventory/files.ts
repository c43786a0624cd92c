/** Finds and reads the files of an inventory: hosts.yaml, and group_vars/ and host_vars/ beside it. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { describeValue } from '../schema/describe.ts';
import type { Problem } from '../schema/problems.ts';
import { Secret } from '../secrets/secret.ts';
import { InventoryMissingError } from './errors.ts';
import type { Vars, VarValue } from './model.ts';
import type { Sources } from './sources.ts';
import { checkVarMap } from './structure.ts';
import { readYaml } from './yaml-source.ts';

export interface InventoryPlace {
  /** Absolute. */
  readonly dir: string;
  /** Absolute. */
  readonly file: string;
  /** The path names a folder: its group_vars belong to this inventory alone, so every name there must be known. */
  readonly isFolder: boolean;
}

/** Vars files of one folder by the name of their group or host, in the order in which they are merged. */
export type VarFiles = ReadonlyMap<string, { readonly path: string; readonly maps: readonly Vars[] }>;

interface Reading {
  readonly sources: Sources;
  readonly problems: Problem[];
}

const EXTENSIONS = ['.yaml', '.yml', '.json', ''];
const MAIN = ['hosts.yaml', 'hosts.yml'];

/** Throws InventoryMissingError when there is nothing to read. */
export function findInventory(path: string): InventoryPlace {
  const absolute = resolve(path);
  const kind = statOf(absolute);
  if (kind === undefined) {
    throw new InventoryMissingError(`there is no inventory at ${display(absolute)}`, {
      where: { file: display(absolute) },
      remedy: 'Name the folder or file with -i, or create one: run init',
    });
  }
  if (kind === 'file') return { dir: dirname(absolute), file: absolute, isFolder: false };
  const found = MAIN.filter((name) => statOf(join(absolute, name)) === 'file');
  const [main] = found;
  if (main === undefined)
    throw new InventoryMissingError(`${display(absolute)} has no hosts.yaml`, {
      where: { file: display(absolute) },
      remedy: missingRemedy(absolute),
    });
  if (found.length > 1) {
    throw new InventoryMissingError(`${display(absolute)} has both ${MAIN.join(' and ')}`, {
      where: { file: display(join(absolute, main)) },
      remedy: 'Keep one of them.',
    });
  }
  return { dir: absolute, file: join(absolute, main), isFolder: true };
}

/** The value of a YAML file; undefined when it cannot be read, which is then a problem. */
export function readFile(path: string, { sources, problems }: Reading): VarValue | undefined {
  const file = display(path);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    problems.push({
      message: `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      where: { file },
      remedy: 'Check the rights of the file.',
    });
    return undefined;
  }
  try {
    return readYaml(new TextDecoder('utf-8', { fatal: true }).decode(bytes), file, sources, problems);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    problems.push({ message: 'is not UTF-8 text', where: { file }, remedy: 'Save the file as UTF-8.' });
    return undefined;
  }
}

/** All files of `group_vars` or `host_vars`: NAME.yaml, NAME.yml, or a folder NAME of such files. */
export function readVarFiles(dir: string, kind: 'group_vars' | 'host_vars', reading: Reading): VarFiles {
  const folder = join(dir, kind);
  const files = new Map<string, { path: string; maps: Vars[] }>();
  for (const entry of list(folder)) {
    const path = join(folder, entry);
    const isFolder = statOf(path) === 'folder';
    const name = isFolder ? entry : stem(entry);
    if (name === undefined) continue;
    const earlier = files.get(name);
    // `dns.sops.yaml` stands beside `dns.yaml` and is merged after it.
    if (earlier !== undefined && isSopsName(entry) !== isSopsName(basename(earlier.path))) {
      const maps = readMaps(isFolder ? walk(path) : [path], reading);
      const inOrder = isSopsName(entry) ? [...earlier.maps, ...maps] : [...maps, ...earlier.maps];
      files.set(name, { path: earlier.path, maps: inOrder });
      continue;
    }
    if (earlier !== undefined) {
      reading.problems.push({
        message: `the vars of "${name}" are in two places: ${basename(earlier.path)} and ${entry}`,
        where: { file: display(path) },
        remedy: `Keep one; several files go into a folder ${kind}/${name}/.`,
      });
      continue;
    }
    files.set(name, { path, maps: readMaps(isFolder ? walk(path) : [path], reading) });
  }
  return files;
}

function readMaps(paths: readonly string[], reading: Reading): Vars[] {
  return paths.map((path) => readVars(path, reading)).filter((map) => map !== undefined);
}

function readVars(path: string, reading: Reading): Vars | undefined {
  const value = readFile(path, reading);
  if (value === undefined || value === null) return undefined; // an empty file is fine
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Secret) {
    reading.problems.push({
      message: `expected vars (a map), got ${describeValue(value)}`,
      where: { file: display(path), line: 1 },
      remedy: 'Write one "name: value" per line.',
    });
    return undefined;
  }
  checkVarMap(value as Vars, reading.sources, reading.problems);
  return value as Vars;
}

/** Files below a folder in the order of their names, as Ansible merges them. */
function walk(folder: string): string[] {
  return list(folder).flatMap((entry) => {
    const path = join(folder, entry);
    if (statOf(path) === 'folder') return walk(path);
    return stem(entry) === undefined ? [] : [path];
  });
}

function list(folder: string): string[] {
  if (statOf(folder) !== 'folder') return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.') && !name.endsWith('~'))
    .sort();
}

const SOPS_SUFFIX = /\.sops$/;

/** `dns.sops.yaml`, as users of sops name what it encrypts: the vars of `dns`. */
function isSopsName(entry: string): boolean {
  return SOPS_SUFFIX.test(entry.replace(/\.(?:ya?ml|json)$/, ''));
}

/** The name without the extension; undefined for what is no vars file (a README). */
function stem(entry: string): string | undefined {
  const extension = EXTENSIONS.find((one) => one !== '' && entry.endsWith(one)) ?? '';
  const name = entry.slice(0, entry.length - extension.length).replace(SOPS_SUFFIX, '');
  return extension === '' && /^(README|\.|LICENSE)|\.(md|txt|bak|orig|swp|j2|sh|py)$/i.test(entry) ? undefined : name;
}

function statOf(path: string): 'file' | 'folder' | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    return stat.isDirectory() ? 'folder' : 'file';
  } catch (cause) {
    throw new InventoryMissingError(
      `${display(path)} cannot be looked at: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause, where: { file: display(path) }, remedy: 'Check the rights of the folders above it.' },
    );
  }
}

function missingRemedy(folder: string): string {
  const others = readdirSync(folder).filter(
    (name) => ['.ini', '.cfg', ''].includes(extname(name)) && statOf(join(folder, name)) === 'file',
  );
  const [other] = others;
  if (other !== undefined)
    return `Only YAML is read. Convert ${other}: ansible-inventory -i ${other} --list --yaml > hosts.yaml`;
  return 'Write the hosts into hosts.yaml in that folder, or name another folder or file with -i.';
}

/** As people see it: relative to where they are, if it is below. */
export function display(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}
