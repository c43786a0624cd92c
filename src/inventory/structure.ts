/** Builds groups and hosts, and who belongs to whom, from the inventory file's form. Pure. */
import type { SourceLocation } from '../errors.ts';
import { formatLocation } from '../errors.ts';
import type { Problem } from '../schema/problems.ts';
import { isSameSecret, Secret } from '../secrets/secret.ts';
import type { GroupForm } from './inventory.schema.ts';
import type { Vars, VarValue } from './model.ts';
import { type BadName, badGroupName, badVarName, hostKey } from './names.ts';
import type { Sources } from './sources.ts';

/** A var, and the map in which it is written (its place is known by that map). */
export interface VarEntry {
  readonly map: Vars;
  readonly value: VarValue;
}

export interface GroupDraft {
  readonly name: string;
  readonly where: SourceLocation | undefined;
  readonly vars: Map<string, VarEntry>;
  readonly children: Map<string, SourceLocation | undefined>;
  readonly parents: Set<string>;
  /** Hosts written in this group itself. */
  readonly hosts: Set<string>;
  /** Of `ansible_group_priority`; 1 if none is given. */
  priority: number;
}

export interface HostDraft {
  readonly name: string;
  readonly where: SourceLocation | undefined;
  readonly vars: Map<string, VarEntry>;
  /** From a key `name:port`. */
  port?: number;
}

export interface Structure {
  /** `all` and `ungrouped` first, then as written. */
  readonly groups: Map<string, GroupDraft>;
  /** As written. */
  readonly hosts: Map<string, HostDraft>;
}

export function buildStructure(
  file: Readonly<Record<string, GroupForm | null>>,
  where: SourceLocation,
  sources: Sources,
  problems: Problem[],
): Structure {
  const builder = new Builder(sources, problems);
  builder.group('all', where);
  builder.group('ungrouped', where);
  builder.child('all', 'ungrouped', where);
  for (const [name, form] of Object.entries(file)) builder.form(name, form, sources.at(file, name));
  builder.settle();
  return builder;
}

class Builder implements Structure {
  readonly groups = new Map<string, GroupDraft>();
  readonly hosts = new Map<string, HostDraft>();
  readonly #sources: Sources;
  readonly #problems: Problem[];

  constructor(sources: Sources, problems: Problem[]) {
    this.#sources = sources;
    this.#problems = problems;
  }

  form(name: string, form: GroupForm | null, where: SourceLocation | undefined): boolean {
    const bad = badGroupName(name);
    if (bad !== undefined) {
      this.#bad(bad, where);
      return false;
    }
    const group = this.group(name, where);
    for (const [section, content] of Object.entries(form ?? {})) {
      if (content === null || content === undefined) continue;
      const place = this.#sources.at(form, section);
      if (section === 'vars') {
        checkVarMap(content as Vars, this.#sources, this.#problems);
        this.#vars(group.vars, content as Vars, `group ${name}`);
      } else if (section === 'children')
        this.#children(name, named(content) as Readonly<Record<string, GroupForm | null>>, place);
      else this.#hosts(group, named(content) as Readonly<Record<string, Vars | null>>, place);
    }
    this.#priority(group);
    return true;
  }

  group(name: string, where: SourceLocation | undefined): GroupDraft {
    let group = this.groups.get(name);
    if (group === undefined) {
      group = { name, where, vars: new Map(), children: new Map(), parents: new Set(), hosts: new Set(), priority: 1 };
      this.groups.set(name, group);
    }
    return group;
  }

  child(parent: string, child: string, where: SourceLocation | undefined): void {
    const path = this.#pathDown(child, parent);
    if (path !== undefined) {
      this.#problems.push({
        message: `the groups contain each other: ${[parent, ...path].join(' → ')}`,
        where,
        remedy: `Remove "${child}" from the children of "${parent}", or one of the other links.`,
      });
      return;
    }
    const [above, below] = [this.group(parent, where), this.group(child, where)];
    if (!above.children.has(child)) above.children.set(child, where);
    below.parents.add(parent);
  }

  /** Ansible's last rules: every group is under `all`, every host in a group. */
  settle(): void {
    for (const group of this.groups.values()) {
      if (group.name !== 'all' && group.parents.size === 0) this.child('all', group.name, group.where);
      if (this.hosts.has(group.name)) {
        const host = this.hosts.get(group.name)?.where;
        this.#problems.push({
          message: `"${group.name}" is the name of a group and of a host`,
          where: group.where,
          ...(host === undefined ? {} : { also: [host] }),
          remedy: 'Rename one of them: patterns could not tell them apart.',
        });
      }
    }
    const ungrouped = this.group('ungrouped', undefined);
    const grouped = new Set(
      [...this.groups.values()]
        .filter(({ name }) => name !== 'all' && name !== 'ungrouped')
        .flatMap(({ hosts }) => [...hosts]),
    );
    for (const name of this.hosts.keys()) {
      if (grouped.has(name)) ungrouped.hosts.delete(name);
      else ungrouped.hosts.add(name);
    }
  }

  #children(
    parent: string,
    children: Readonly<Record<string, GroupForm | null>>,
    section: SourceLocation | undefined,
  ): void {
    for (const [name, form] of Object.entries(children)) {
      const where = this.#sources.at(children, name) ?? section;
      if (this.form(name, form, where)) this.child(parent, name, where);
    }
  }

  #hosts(group: GroupDraft, hosts: Readonly<Record<string, Vars | null>>, section: SourceLocation | undefined): void {
    for (const [key, vars] of Object.entries(hosts)) {
      const where = this.#sources.at(hosts, key) ?? section;
      const read = hostKey(key);
      if ('problem' in read) {
        this.#bad(read, where);
        continue;
      }
      if (vars !== null) checkVarMap(vars, this.#sources, this.#problems);
      for (const name of read.names) {
        const host = this.hosts.get(name) ?? { name, where, vars: new Map<string, VarEntry>() };
        this.hosts.set(name, host);
        group.hosts.add(name);
        if (read.port !== undefined) host.port = read.port;
        if (vars !== null) this.#vars(host.vars, vars, `host ${name}`);
      }
    }
  }

  #vars(target: Map<string, VarEntry>, map: Vars, owner: string): void {
    for (const [name, value] of Object.entries(map)) {
      const earlier = target.get(name);
      if (earlier !== undefined && !isSame(earlier.value, value)) {
        const first = this.#sources.at(earlier.map, name);
        this.#problems.push({
          message: `${owner} has two values for "${name}"${first === undefined ? '' : `, the other one at ${formatLocation({ file: first.file, ...(first.line === undefined ? {} : { line: first.line }) })}`}`,
          where: this.#sources.at(map, name),
          ...(first === undefined ? {} : { also: [first] }),
          remedy: 'Keep one of them. Values of a host that is in several groups are best written once, in host_vars.',
        });
        continue;
      }
      target.set(name, { map, value });
    }
  }

  /** It orders groups of one depth, and is no var of hosts. */
  #priority(group: GroupDraft): void {
    const entry = group.vars.get('ansible_group_priority');
    if (entry === undefined) return;
    group.vars.delete('ansible_group_priority');
    if (typeof entry.value === 'number' && Number.isInteger(entry.value)) group.priority = entry.value;
    else
      this.#bad(
        {
          problem: `ansible_group_priority of group ${group.name} must be a whole number`,
          remedy: 'Write a number such as 10: the greater one wins.',
        },
        this.#sources.at(entry.map, 'ansible_group_priority'),
      );
  }

  /** From `from` down to `to`, both included; undefined when there is no way. */
  #pathDown(from: string, to: string, seen = new Set<string>()): string[] | undefined {
    if (from === to) return [from];
    if (seen.has(from)) return undefined;
    seen.add(from);
    for (const child of this.groups.get(from)?.children.keys() ?? []) {
      const rest = this.#pathDown(child, to, seen);
      if (rest !== undefined) return [from, ...rest];
    }
    return undefined;
  }

  #bad({ problem, remedy }: BadName, where: SourceLocation | undefined): void {
    this.#problems.push({ message: problem, where, remedy });
  }
}

/** Every name of a map of vars, with what is wrong with it. */
export function checkVarMap(map: Vars, sources: Sources, problems: Problem[]): void {
  for (const name of Object.keys(map)) {
    const bad = badVarName(name);
    if (bad !== undefined) problems.push({ message: bad.problem, where: sources.at(map, name), remedy: bad.remedy });
  }
}

/** Ansible takes `hosts: ns1` for `hosts: {ns1: }`. */
function named(content: unknown): Readonly<Record<string, unknown>> {
  return typeof content === 'string' ? { [content]: null } : (content as Readonly<Record<string, unknown>>);
}

function isSame(a: VarValue, b: VarValue): boolean {
  if (a instanceof Secret || b instanceof Secret)
    return a instanceof Secret && b instanceof Secret && isSameSecret(a, b);
  return JSON.stringify(a) === JSON.stringify(b);
}
