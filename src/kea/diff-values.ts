/** Two sets of named values against each other, and values in short words. Pure. */
import { type JsonMap, listOf, mapOf } from './present.ts';

export interface Line {
  readonly op: '+' | '-' | '~';
  readonly text: string;
  /** What belongs to it, indented by itself. */
  readonly more?: readonly string[];
}

export function diffMaps(
  what: string,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): readonly Line[] {
  const named = (key: string): string => (what === '' ? key : `${what} ${key}`);
  const told = (key: string, value: unknown): string => {
    const text = tellValue(value);
    return text === '' ? named(key) : `${named(key)}  ${text}`;
  };
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): Line[] => {
    if (!before.has(key)) return [{ op: '+', text: told(key, after.get(key)) }];
    if (!after.has(key)) return [{ op: '-', text: told(key, before.get(key)) }];
    const [was, is] = [before.get(key), after.get(key)];
    return isEqual(was, is) ? [] : [{ op: '~', text: `${named(key)}  ${tellChange(was, is)}` }];
  });
}

/** By name, or by code where an option has none. */
export function tellOptions(what: string, before: unknown, after: unknown): readonly Line[] {
  const byKey = (value: unknown): ReadonlyMap<string, unknown> =>
    new Map(
      listOf(value).map(({ name, code, space, ...rest }) => {
        const key = String(name ?? `code ${String(code)}`);
        return [space === undefined ? key : `${String(space)}/${key}`, rest];
      }),
    );
  return diffMaps(what, byKey(before), byKey(after));
}

/** Only the members that differ, when both are maps. */
function tellChange(was: unknown, is: unknown): string {
  const [old, now] = [mapOf(was), mapOf(is)];
  if (old === undefined || now === undefined) return `${tellValue(was)} → ${tellValue(is)}`;
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => !isEqual(old[key], now[key]));
  return keys
    .map((key) => {
      const name = key === 'data' ? '' : `${key} `;
      return mapOf(old[key]) !== undefined && mapOf(now[key]) !== undefined
        ? `${name}{ ${tellChange(old[key], now[key])} }`
        : `${name}${shown(old[key])} → ${shown(now[key])}`;
    })
    .join(', ');
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : tellValue(value) || 'none';
}

/** `192.0.2.50, hostname printer`: members in their order, the obvious names left out. */
export function tellValue(value: unknown): string {
  const map = mapOf(value);
  if (Array.isArray(value)) return value.map(tellValue).join('; ');
  if (map === undefined) return value === null ? 'null' : String(value);
  return Object.entries(map)
    .map(([key, inner]) => member(key, inner))
    .join(', ');
}

function member(key: string, value: unknown): string {
  if (key === 'data' || key === 'ip-address' || key === 'ip-addresses') return tellValue(value);
  const text = tellValue(value);
  return mapOf(value) === undefined && !(Array.isArray(value) && value.some((one) => mapOf(one) !== undefined))
    ? `${key} ${text}`
    : `${key} { ${text} }`;
}

function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => isEqual(one, b[i]));
  const [first, second]: readonly (JsonMap | undefined)[] = [mapOf(a), mapOf(b)];
  if (first === undefined || second === undefined) return false;
  const keys = Object.keys(first);
  return keys.length === Object.keys(second).length && keys.every((key) => isEqual(first[key], second[key]));
}
