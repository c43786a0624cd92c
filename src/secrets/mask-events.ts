/** Takes known secrets out of whatever leaves the engine. Pure but for what known.ts remembers. */
import { knowsSecrets, maskKnown } from './known.ts';

/** Fields with words of programs and people; names, ids and states are ours, and a secret that equals one of them must not break them. */
const WORDS = new Set(['message', 'detail', 'remedy', 'diff', 'handEdit', 'warning', 'lines', 'reason']);

/** The same event with every secret in its free text masked. */
export function maskEvent<T>(event: T): T {
  return knowsSecrets() ? (walk(event, false) as T) : event;
}

function walk(value: unknown, isWords: boolean): unknown {
  if (typeof value === 'string') return isWords ? maskKnown(value) : value;
  if (Array.isArray(value)) return value.map((item) => walk(item, isWords));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner, WORDS.has(key))]));
}
