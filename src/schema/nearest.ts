/** The name that a misspelt one was meant to be. Pure. */
import { distance } from 'fastest-levenshtein';

/** The candidate within `within` edits; undefined when none is that near. Default: 1 for up to three letters, 2 up to eight, else 3. Ties: the first one. */
export function nearest(
  word: string,
  candidates: Iterable<string>,
  within = word.length < 4 ? 1 : word.length < 9 ? 2 : 3,
): string | undefined {
  let best: { name: string; edits: number } | undefined;
  for (const name of candidates) {
    if (name === word) continue;
    const edits = editDistance(word.toLowerCase(), name.toLowerCase());
    if (edits <= within && (best === undefined || edits < best.edits)) best = { name, edits };
  }
  return best?.name;
}

/** Levenshtein's distance, with two swapped neighbours as one slip: `dsn` for `dns`. */
export function editDistance(a: string, b: string): number {
  const edits = distance(a, b);
  if (edits !== 2 || a.length !== b.length) return edits;
  const at = [...a].findIndex((char, i) => char !== b[i]);
  return a[at] === b[at + 1] && a[at + 1] === b[at] ? 1 : edits;
}

/** Names that differ only in digits are a series (ns1, ns2; dc1, dc2), not a slip of the fingers. */
export function isSeries(a: string, b: string): boolean {
  return a.replace(/\d+/g, '#') === b.replace(/\d+/g, '#');
}

/** `Did you mean "x"?`, or nothing. */
export function didYouMean(name: string | undefined): string {
  return name === undefined ? '' : `Did you mean "${name}"?`;
}
