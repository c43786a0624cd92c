/** Merges vars by Ansible's precedence and makes hosts and groups of it. Pure. */
import type { SourceLocation } from '../errors.ts';
import type { Problem } from '../schema/problems.ts';
import { reachability, sharedAddresses } from './connection.ts';
import type { VarFiles } from './files.ts';
import type { Group, Host, Inventory, Vars } from './model.ts';
import type { Sources } from './sources.ts';
import type { GroupDraft, HostDraft, Structure, VarEntry } from './structure.ts';

export interface ResolveInput {
  readonly dir: string;
  readonly home: string;
  readonly structure: Structure;
  readonly groupFiles: VarFiles;
  readonly hostFiles: VarFiles;
  readonly extraVars: Vars;
  readonly sources: Sources;
}

type Layers = Map<string, VarEntry>;

/** Adds what is wrong to `problems`; the result is of use only when nothing was added. */
export function resolveInventory(input: ResolveInput, problems: Problem[]): Inventory {
  const { structure, sources } = input;
  const depths = groupDepths(structure.groups);
  const groups = new Map(
    [...structure.groups.values()].map((group) => [group.name, resolveGroup(group, input, depths)]),
  );
  const order = groups.get('all')?.hosts ?? [];
  const hosts = new Map<string, Host>();
  for (const name of order) {
    const draft = structure.hosts.get(name);
    const host = draft === undefined ? undefined : resolveHost(draft, input, depths, problems);
    if (host !== undefined) hosts.set(name, host);
  }
  problems.push(...sharedAddresses(hosts.values()));
  return { dir: input.dir, hosts, groups, varNames: varNames(input, sources) };
}

function resolveGroup(group: GroupDraft, input: ResolveInput, depths: ReadonlyMap<string, number>): Group {
  const { groups } = input.structure;
  const sorted = sortGroups([group, ...ancestors([group], groups)], depths);
  return {
    name: group.name,
    children: [...group.children.keys()],
    hosts: hostsBelow(group, groups),
    vars: valuesOf(groupLayers(sorted, input)),
  };
}

function resolveHost(
  draft: HostDraft,
  input: ResolveInput,
  depths: ReadonlyMap<string, number>,
  problems: Problem[],
): Host | undefined {
  const { groups } = input.structure;
  const own = [...groups.values()].filter(({ hosts }) => hosts.has(draft.name));
  const sorted = sortGroups([...own, ...ancestors(own, groups)], depths);
  const layers = groupLayers(sorted, input);
  for (const [name, entry] of draft.vars) layers.set(name, entry);
  addMaps(layers, input.hostFiles.get(draft.name)?.maps ?? []);
  for (const [name, value] of Object.entries(input.extraVars)) layers.set(name, { map: input.extraVars, value });
  const vars = valuesOf(layers);
  const origin = (...path: readonly (string | number)[]): SourceLocation | undefined => {
    if (path.length === 0) return draft.where;
    const entry = layers.get(String(path[0]));
    return entry === undefined ? undefined : input.sources.find(entry.map, path);
  };
  const reach = reachability(
    { name: draft.name, vars, port: draft.port, dir: input.dir, home: input.home, origin },
    problems,
  );
  if (reach === undefined) return undefined;
  return { name: draft.name, ...reach, groups: sorted.map(({ name }) => name), vars, origin };
}

/**
 * Ansible's order (docs: "Variable precedence", 3 to 7): what is written in the inventory file for `all` and then for the
 * groups; after it the files group_vars/all, then the other group_vars. So a file of `all` wins over a group's inline vars.
 */
function groupLayers(sorted: readonly GroupDraft[], { groupFiles }: ResolveInput): Layers {
  const layers: Layers = new Map();
  for (const { vars } of sorted) for (const [name, entry] of vars) layers.set(name, entry);
  for (const { name } of sorted) addMaps(layers, groupFiles.get(name)?.maps ?? []);
  return layers;
}

function addMaps(layers: Layers, maps: readonly Vars[]): void {
  for (const map of maps) for (const [name, value] of Object.entries(map)) layers.set(name, { map, value });
}

function valuesOf(layers: Layers): Vars {
  return Object.fromEntries([...layers].map(([name, { value }]) => [name, value]));
}

/** Parents first; at one depth by `ansible_group_priority`, then by name. */
function sortGroups(groups: readonly GroupDraft[], depths: ReadonlyMap<string, number>): GroupDraft[] {
  const depth = ({ name }: GroupDraft): number => depths.get(name) ?? 0;
  return [...new Set(groups)].sort(
    (a, b) => depth(a) - depth(b) || a.priority - b.priority || (a.name < b.name ? -1 : 1),
  );
}

function ancestors(of: readonly GroupDraft[], groups: ReadonlyMap<string, GroupDraft>): Set<GroupDraft> {
  const found = new Set<GroupDraft>();
  const queue = of.flatMap(({ parents }) => [...parents]);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const group = groups.get(name);
    if (group === undefined || found.has(group)) continue;
    found.add(group);
    queue.push(...group.parents);
  }
  // A host of no group but `ungrouped` is in `all` through it; one written in `all` only, too.
  const all = groups.get('all');
  if (all !== undefined) found.add(all);
  return found;
}

/** The longest way down from `all`. */
function groupDepths(groups: ReadonlyMap<string, GroupDraft>): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  const depthOf = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const parents = [...(groups.get(name)?.parents ?? [])];
    const depth = parents.length === 0 ? 0 : 1 + Math.max(...parents.map(depthOf));
    depths.set(name, depth);
    return depth;
  };
  for (const name of groups.keys()) depthOf(name);
  return depths;
}

/** In Ansible's order: the group's own hosts, then those of its children, breadth first. */
function hostsBelow(group: GroupDraft, groups: ReadonlyMap<string, GroupDraft>): string[] {
  const seen = new Set([group]);
  for (const one of seen) {
    for (const name of one.children.keys()) {
      const child = groups.get(name);
      if (child !== undefined) seen.add(child); // a Set is walked to its end, also what is added meanwhile
    }
  }
  return [...new Set([...seen].flatMap(({ hosts }) => [...hosts]))];
}

function varNames(
  { structure, groupFiles, hostFiles }: ResolveInput,
  sources: Sources,
): ReadonlyMap<string, SourceLocation> {
  const names = new Map<string, SourceLocation>();
  const add = (map: Vars, name: string): void => {
    const place = sources.at(map, name);
    if (place !== undefined && !names.has(name)) names.set(name, place);
  };
  for (const { vars } of [...structure.groups.values(), ...structure.hosts.values()])
    for (const [name, { map }] of vars) add(map, name);
  for (const { maps } of [...groupFiles.values(), ...hostFiles.values()])
    for (const map of maps) for (const name of Object.keys(map)) add(map, name);
  return names;
}
