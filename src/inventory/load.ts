/** Loads an inventory: reads its files, checks them, and merges vars. All that is wrong is told in one error. */
import { homedir } from 'node:os';
import { formatLocation } from '../errors.ts';
import { describeValue } from '../schema/describe.ts';
import type { ValueProblem } from '../schema/errors.ts';
import { didYouMean, isSeries, nearest } from '../schema/nearest.ts';
import type { Problem } from '../schema/problems.ts';
import { check } from '../schema/validate.ts';
import { InventoryError } from './errors.ts';
import { display, findInventory, type InventoryPlace, readFile, readVarFiles, type VarFiles } from './files.ts';
import { fileSchema } from './inventory.schema.ts';
import type { Inventory, Vars } from './model.ts';
import { resolveInventory } from './resolve.ts';
import { Sources } from './sources.ts';
import { buildStructure, type Structure } from './structure.ts';
import { templateProblems } from './templates.ts';

export interface LoadOptions {
  /** -e: win over everything. */
  readonly extraVars?: Vars;
}

/**
 * The inventory in a folder (hosts.yaml, group_vars/, host_vars/) or in one YAML file with these folders beside it.
 * Throws InventoryMissingError, or InventoryError with every problem that was found.
 */
export function loadInventory(path: string, options: LoadOptions = {}): Inventory {
  const place = findInventory(path);
  const problems: Problem[] = [];
  const sources = new Sources();
  const structure = readStructure(place, sources, problems);
  const groupFiles = readVarFiles(place.dir, 'group_vars', { sources, problems });
  const hostFiles = readVarFiles(place.dir, 'host_vars', { sources, problems });
  // Without the groups and hosts nothing else can be judged.
  if (structure === undefined) throw new InventoryError(problems);
  problems.push(
    ...strangers(groupFiles, structure.groups.keys(), 'group', place),
    ...strangers(hostFiles, structure.hosts.keys(), 'host', place),
  );
  problems.push(...misplacedPriority(groupFiles, sources), ...misplacedPriority(hostFiles, sources));
  const inventory = resolveInventory(
    { dir: place.dir, home: homedir(), structure, groupFiles, hostFiles, extraVars: options.extraVars ?? {}, sources },
    problems,
  );
  problems.push(...templateProblems({ structure, groupFiles, hostFiles, sources }, inventory.varNames));
  if (problems.length > 0) throw new InventoryError(dedupe(problems));
  return inventory;
}

function readStructure(place: InventoryPlace, sources: Sources, problems: Problem[]): Structure | undefined {
  const value = readFile(place.file, { sources, problems });
  const where = { file: display(place.file), line: 1 };
  if (value === undefined) return undefined;
  if (value === null) {
    problems.push({
      message: 'the inventory is empty',
      where,
      remedy: 'Begin with "all:" and, under it, "hosts:" and "children:" (docs/inventory.md).',
    });
    return undefined;
  }
  if (typeof value === 'object' && 'plugin' in value) {
    problems.push({
      message: 'this configures an inventory plugin of Ansible, which is not run here',
      where,
      remedy: 'Convert it: ansible-inventory -i FILE --list --yaml > hosts.yaml',
    });
    return undefined;
  }
  const checked = check(fileSchema, value, {
    name: 'the inventory',
    origin: (...path) => sources.find(value, path) ?? where,
  });
  if (!checked.ok) {
    problems.push(...checked.problems.map(wordFormProblem));
    return undefined;
  }
  // The value itself, not the checked copy: its places are known.
  return buildStructure(value as typeof checked.value, where, sources, problems);
}

/** In the words of inventories rather than of schemas. */
function wordFormProblem(problem: ValueProblem): Problem {
  const { path, value, where, nearest: near } = problem;
  const last = path.at(-1);
  const owner = path.length < 2 ? 'the inventory' : `group ${String(path.at(-2))}`;
  if (problem.expected === '"hosts", "children", "vars"') {
    return {
      message: `unknown key "${String(last)}" in ${owner}`,
      where,
      remedy:
        near === undefined
          ? 'A group has the keys "hosts", "children" and "vars"; groups and hosts stand below these.'
          : didYouMean(near),
    };
  }
  const name =
    path.length === 0
      ? 'the inventory'
      : path.length === 1
        ? `group ${String(last)}`
        : `"${String(last)}" in ${String(path.at(-2))}`;
  const names = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  const remedy =
    names.length > 0
      ? `Write names as keys, without "-": ${names
          .slice(0, 3)
          .map((item) => `"${item}:"`)
          .join(' and ')}`
      : 'Write a map here, or leave it empty: one "name:" per line.';
  return { message: `${name}: expected a map, got ${describeValue(value)}`, where, remedy };
}

/** Vars files of groups and hosts that do not exist: Ansible reads over them in silence. */
function strangers(
  files: VarFiles,
  known: Iterable<string>,
  kind: 'group' | 'host',
  { isFolder }: InventoryPlace,
): Problem[] {
  const names = [...known];
  return [...files].flatMap(([name, { path }]) => {
    if (names.includes(name)) return [];
    const near = nearest(
      name,
      names.filter((other) => !isSeries(other, name)),
    );
    // Beside a single file the folder may serve several inventories; then only a slip is a problem.
    if (!isFolder && near === undefined) return [];
    const remedy =
      near === undefined
        ? `Add ${kind} "${name}" to the inventory, or remove the file.`
        : `${didYouMean(near)} Rename the file.`;
    return [
      {
        message: `vars of the ${kind} "${name}", which the inventory does not have`,
        where: { file: display(path) },
        remedy,
      },
    ];
  });
}

function misplacedPriority(files: VarFiles, sources: Sources): Problem[] {
  return [...files.values()].flatMap(({ maps }) =>
    maps
      .filter((map) => 'ansible_group_priority' in map)
      .map((map) => ({
        message: 'ansible_group_priority has no effect here',
        where: sources.at(map, 'ansible_group_priority'),
        remedy: 'Write it under "vars:" of the group in the inventory file (as in Ansible).',
      })),
  );
}

/** One wrong group var is wrong for each of its hosts; it is told once, and so is what a range repeats. */
function dedupe(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ message, where }) => {
    const key =
      where?.line === undefined ? message : `${formatLocation(where)} ${message.replace(/\bhosts? [\w.:-]+/g, 'host')}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
