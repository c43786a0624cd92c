/** Finds Jinja templates of Ansible in values: they are not evaluated here, and must not reach a host as text. Pure. */
import type { SourceLocation } from '../errors.ts';
import type { Problem } from '../schema/problems.ts';
import type { VarFiles } from './files.ts';
import type { Vars, VarValue } from './model.ts';
import type { Sources } from './sources.ts';
import type { Structure } from './structure.ts';

const MAGIC = new Set([
  'hostvars',
  'groups',
  'group_names',
  'inventory_hostname',
  'inventory_hostname_short',
  'inventory_dir',
  'ansible_facts',
  'lookup',
  'query',
  'playbook_dir',
  'item',
  'omit',
]);

export interface TemplateInput {
  readonly structure: Structure;
  readonly groupFiles: VarFiles;
  readonly hostFiles: VarFiles;
  readonly sources: Sources;
}

/** Only `{{ name` with the name of a var is Jinja for sure: Go templates, as CoreDNS takes them, look alike. */
export function templateProblems(
  { structure, groupFiles, hostFiles, sources }: TemplateInput,
  known: ReadonlyMap<string, unknown>,
): Problem[] {
  const inline = [...structure.groups.values(), ...structure.hosts.values()].flatMap(({ vars }) =>
    [...vars].map(([name, { map }]) => ({ map, name })),
  );
  const files = [...groupFiles.values(), ...hostFiles.values()].flatMap(({ maps }) =>
    maps.flatMap((map) => Object.keys(map).map((name) => ({ map, name }))),
  );
  return [...inline, ...files].flatMap(({ map, name }) =>
    inValue(map, name, map[name], (word) => known.has(word) || MAGIC.has(word) || word.startsWith('ansible_'), sources),
  );
}

function inValue(
  container: unknown,
  key: string | number,
  value: VarValue | undefined,
  isVar: (word: string) => boolean,
  sources: Sources,
): Problem[] {
  if (typeof value === 'string') {
    const word = value.includes('{{')
      ? [...value.matchAll(/\{\{-?\s*([A-Za-z_]\w*)/g)].map(([, first = '']) => first).find(isVar)
      : undefined;
    return word === undefined ? [] : [problem(key, word, sources.at(container, key))];
  }
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value))
    return (value as readonly VarValue[]).flatMap((item, i) => inValue(value, i, item, isVar, sources));
  return Object.entries(value as Vars).flatMap(([inner, item]) => inValue(value, inner, item, isVar, sources));
}

function problem(key: string | number, word: string, where: SourceLocation | undefined): Problem {
  return {
    message: `${typeof key === 'number' ? `entry ${key}` : key}: the template {{ ${word} … }} is not evaluated here`,
    where,
    remedy: 'Write the value itself, or compute it in the playbook, which is TypeScript.',
  };
}
