/** Which hosts a pattern selects, by Ansible's rules. What Ansible would read over in silence is an error. */
import { readFileSync } from 'node:fs';
import { didYouMean, nearest } from '../schema/nearest.ts';
import { EmptySelectionError, PatternSyntaxError, UnknownPatternError } from './errors.ts';
import type { Host, Inventory } from './model.ts';
import { type PatternTerm, parsePattern, type Subscript } from './pattern-syntax.ts';
import { expandRanges } from './ranges.ts';

export interface SelectOptions {
  /** --limit: a pattern too; `@FILE` reads one pattern a line. */
  readonly limit?: string | undefined;
  /** No error when nothing is left (a play that --limit leaves without hosts). Default false. */
  readonly allowEmpty?: boolean;
  /** For tests. Default: reads the file. */
  readonly readFile?: (path: string) => string;
}

/** The hosts of a pattern, in the order of the inventory. Throws UnknownPatternError, EmptySelectionError or PatternSyntaxError. */
export function selectHosts(inventory: Inventory, pattern: string, options: SelectOptions = {}): readonly Host[] {
  const { limit } = options;
  const selected = evaluate(inventory, pattern);
  const limited =
    limit === undefined
      ? selected
      : intersect(selected, evaluate(inventory, expandLimit(limit, options.readFile ?? readText)));
  if (limited.size === 0 && options.allowEmpty !== true) throw emptySelection(inventory, pattern, selected.size, limit);
  return [...inventory.hosts.values()].filter(({ name }) => limited.has(name));
}

/** Unions first, then intersections, then exclusions, wherever they stand. */
function evaluate(inventory: Inventory, pattern: string): Set<string> {
  const terms = parsePattern(pattern, (word) => inventory.hosts.has(word) || inventory.groups.has(word));
  const having = (sign: PatternTerm['sign']): readonly PatternTerm[] => terms.filter((term) => term.sign === sign);
  const added = having('add');
  let hosts = new Set(added.length === 0 ? inventory.hosts.keys() : added.flatMap((term) => matches(inventory, term)));
  for (const term of having('intersect')) hosts = intersect(hosts, new Set(matches(inventory, term)));
  for (const term of having('exclude')) for (const name of matches(inventory, term)) hosts.delete(name);
  return hosts;
}

function matches(inventory: Inventory, term: PatternTerm): readonly string[] {
  const { match, subscript } = term;
  const found = match.kind === 'name' ? named(inventory, term, match.name) : matching(inventory, match.regex);
  return subscript === undefined || found.kind === 'range' ? found.hosts : subscripted(found.hosts, subscript, term);
}

interface Found {
  readonly kind: 'match' | 'range';
  readonly hosts: readonly string[];
}

function named(inventory: Inventory, term: PatternTerm, name: string): Found {
  if (inventory.hosts.has(name)) return { kind: 'match', hosts: [name] };
  const group = inventory.groups.get(name);
  if (group !== undefined) return { kind: 'match', hosts: group.hosts };
  // `ns[1:2]` where no group is called ns: the range of names that the inventory itself takes.
  const range = expandRanges(term.text.replace(/^[!&]\s*/, ''));
  const names = 'names' in range && range.names.length > 1 ? range.names : [];
  if (!names.some((one) => inventory.hosts.has(one))) throw unknownName(inventory, term, name);
  const missing = names.find((one) => !inventory.hosts.has(one));
  if (missing !== undefined) throw unknownName(inventory, term, missing);
  return { kind: 'range', hosts: names };
}

/** Hosts of all groups that match, and all hosts that match. */
function matching(inventory: Inventory, regex: RegExp): Found {
  const groups = [...inventory.groups.values()].filter(({ name }) => regex.test(name));
  return {
    kind: 'match',
    hosts: [
      ...new Set([
        ...groups.flatMap(({ hosts }) => hosts),
        ...[...inventory.hosts.keys()].filter((name) => regex.test(name)),
      ]),
    ],
  };
}

function subscripted(hosts: readonly string[], { from, to }: Subscript, term: PatternTerm): readonly string[] {
  if (to !== undefined) return hosts.slice(from, to === 'end' ? undefined : to + 1);
  const host = hosts.at(from);
  if (host === undefined) {
    throw new EmptySelectionError(
      `"${term.text}" counts past the end: ${hosts.length === 1 ? 'there is 1 host' : `there are ${hosts.length} hosts`}`,
      {
        remedy:
          hosts.length === 0 ? 'The group has no hosts.' : `Count from 0 to ${hosts.length - 1}; -1 is the last one.`,
      },
    );
  }
  return [host];
}

function unknownName(inventory: Inventory, term: PatternTerm, name: string): UnknownPatternError {
  const names = [...inventory.groups.keys(), ...inventory.hosts.keys()];
  const near = didYouMean(nearest(name, names));
  const inside = term.text === name ? '' : ` (in "${term.text}")`;
  return new UnknownPatternError(`the inventory has no host and no group "${name}"${inside}`, {
    remedy: near || `Known are ${shortList(names.filter((one) => one !== 'ungrouped'))}.`,
  });
}

function emptySelection(
  inventory: Inventory,
  pattern: string,
  before: number,
  limit: string | undefined,
): EmptySelectionError {
  if (inventory.hosts.size === 0)
    return new EmptySelectionError('the inventory has no hosts', {
      remedy: 'Add hosts under "all: hosts:" (docs/inventory.md).',
    });
  if (limit !== undefined && before > 0) {
    return new EmptySelectionError(`no host is in both "${pattern}" and the limit "${limit}"`, {
      remedy: `"${pattern}" has ${shortList(selectHosts(inventory, pattern).map(({ name }) => name))}.`,
    });
  }
  return new EmptySelectionError(`the pattern "${pattern}" selects no host`, {
    remedy: `The inventory has ${shortList([...inventory.hosts.keys()])}; see run inventory graph.`,
  });
}

function shortList(names: readonly string[]): string {
  return names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`;
}

function intersect(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  return new Set([...a].filter((name) => b.has(name)));
}

/** Each `@FILE` becomes its lines; empty ones and comments are left out. */
function expandLimit(limit: string, readFile: (path: string) => string): string {
  return limit
    .split(',')
    .flatMap((word) => (word.trim().startsWith('@') ? linesOf(word.trim().slice(1), readFile) : [word]))
    .join(',');
}

function linesOf(path: string, readFile: (path: string) => string): readonly string[] {
  const lines = readFile(path)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0)
    throw new EmptySelectionError(`the limit file ${path} names no hosts`, {
      where: { file: path },
      remedy: 'Write one host, group or pattern a line.',
    });
  return lines;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PatternSyntaxError(
      `the limit file ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause, where: { file: path }, remedy: 'Name a file with one host a line after the "@".' },
    );
  }
}
