/** The nearest of the words that would have been right. */
import { closest, distance } from 'fastest-levenshtein';

/** Undefined when nothing is near: at most one edit in a word of up to four characters, else two. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  const best = closest(written, known);
  return distance(written, best) <= (written.length <= 4 ? 1 : 2) ? best : undefined;
}
