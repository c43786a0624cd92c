/** What changes between two configurations, by what they describe: subnets by id, pools, options and reservations by key. Pure. */
import type { Family } from './addresses.ts';
import { diffMaps, type Line, tellOptions } from './diff-values.ts';
import { type JsonMap, listOf, mapOf, presentSubnets, readPresent } from './present.ts';
import { CONTEXT_KEY } from './render.ts';

export interface KeaDiff {
  /** `subnets ~1, reservations +2`. */
  readonly detail: string;
  readonly lines: readonly string[];
}

/** undefined: one of the two cannot be read, and only a diff of lines tells the change. */
export function keaDiff(family: Family, before: string | undefined, after: string): KeaDiff | undefined {
  const old = before === undefined ? {} : readPresent(family, before);
  const now = readPresent(family, after);
  if (old === undefined || now === undefined) return undefined;
  const parts: readonly (readonly [string, readonly Line[]])[] = [
    ['subnets', diffSubnets(family, old, now)],
    ['options', tellOptions('option', old['option-data'], now['option-data'])],
    ['classes', diffMaps('class', byName(old['client-classes']), byName(now['client-classes']))],
    ['hooks', diffMaps('hook', byName(old['hooks-libraries'], 'library'), byName(now['hooks-libraries'], 'library'))],
    ['settings', diffMaps('', settingsOf(old), settingsOf(now))],
  ];
  const detail = parts.flatMap(([name, lines]) => (lines.length === 0 ? [] : [`${name} ${counts(lines)}`])).join(', ');
  const lines = parts.flatMap(([, all]) => all.flatMap(({ op, text, more }) => [`${op} ${text}`, ...(more ?? [])]));
  return { detail: detail === '' ? 'the same in other words' : detail, lines };
}

function diffSubnets(family: Family, old: JsonMap, now: JsonMap): readonly Line[] {
  const [before, after] = [presentSubnets(family, old), presentSubnets(family, now)];
  const ids = [...new Set([...before, ...after].map(({ id }) => id))].sort((a, b) => a - b);
  return ids.flatMap((id): Line[] => {
    const [was, is] = [before.find((one) => one.id === id), after.find((one) => one.id === id)];
    const inner = diffSubnet(was?.json ?? {}, is?.json ?? {}).map(indented);
    if (was === undefined) return [{ op: '+', text: `subnet ${id}  ${is?.subnet}`, more: inner }];
    // What goes with it need not be told line by line.
    if (is === undefined) return [{ op: '-', text: `subnet ${id}  ${was.subnet}` }];
    const name = was.subnet === is.subnet ? is.subnet : `${was.subnet} → ${is.subnet}`;
    return inner.length === 0 && was.subnet === is.subnet
      ? []
      : [{ op: '~', text: `subnet ${id}  ${name}`, more: inner }];
  });
}

/** Told by themselves, by their own keys. */
const PARTS = new Set(['id', 'subnet', 'pools', 'pd-pools', 'option-data', 'reservations']);

function diffSubnet(was: JsonMap, is: JsonMap): readonly Line[] {
  return [
    ...diffMaps('pool', byName(was['pools'], 'pool'), byName(is['pools'], 'pool')),
    ...diffMaps('pd-pool', byName(was['pd-pools'], 'prefix'), byName(is['pd-pools'], 'prefix')),
    ...tellOptions('option', was['option-data'], is['option-data']),
    ...diffMaps('reservation', byClient(was['reservations']), byClient(is['reservations'])),
    ...diffMaps('', without(was, PARTS), without(is, PARTS)),
  ];
}

function indented({ op, text }: Line): string {
  return `  ${op} ${text}`;
}

function byName(value: unknown, key = 'name'): ReadonlyMap<string, unknown> {
  return new Map(
    listOf(value).map((one) => {
      const { [key]: name, ...rest } = one;
      return [String(name).replaceAll(/\s*-\s*/g, ' - '), rest];
    }),
  );
}

const IDENTIFIERS = ['hw-address', 'duid', 'client-id', 'circuit-id', 'flex-id'];

function byClient(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(
    listOf(value).map((one) => {
      const identifier = IDENTIFIERS.find((key) => key in one) ?? '';
      const { [identifier]: client, ...rest } = one;
      return [identifier === 'hw-address' ? String(client) : `${identifier} ${String(client)}`, rest];
    }),
  );
}

/** All that has no key of its own, by its name; the fingerprint is of no interest to people. */
function settingsOf(config: JsonMap): ReadonlyMap<string, unknown> {
  const told = new Set(['subnet4', 'subnet6', 'shared-networks', 'option-data', 'client-classes', 'hooks-libraries']);
  const settings = new Map(without(config, told));
  const context = mapOf(settings.get('user-context'));
  if (context !== undefined) {
    const { [CONTEXT_KEY]: _ours, ...others } = context;
    if (Object.keys(others).length === 0) settings.delete('user-context');
    else settings.set('user-context', others);
  }
  return settings;
}

function without(map: JsonMap, keys: ReadonlySet<string>): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(map).filter(([key]) => !keys.has(key)));
}

function counts(lines: readonly Line[]): string {
  return (['+', '~', '-'] as const)
    .map((op) => [op, lines.filter((line) => line.op === op).length] as const)
    .filter(([, count]) => count > 0)
    .map(([op, count]) => `${op}${count}`)
    .join(' ');
}
