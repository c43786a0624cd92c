/** The secret values that this process has read, so that whatever a host says can be shown without them. */
import { SECRET_MASK } from './shown.ts';

/** Shorter ones would mask half of every message. */
const BYTES_MIN = 4;

const known = new Set<string>();
let sorted: readonly string[] | undefined;

/** Words of a secret that are as long as this are masked by themselves: a parser quotes the one at which it stumbles. */
const WORD_BYTES_MIN = 8;
/** Of a large value (a bundle of certificates) so many lines and words are looked for. */
const PARTS_MAX = 1000;

/** The value, and the forms in which a program's words may hold it: single lines, JSON, without control characters. */
export function rememberSecret(value: Uint8Array, wordBytesMin: number = WORD_BYTES_MIN): void {
  const text = Buffer.from(value).toString('utf8');
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const words = text.split(/\s+/).filter((word) => Buffer.byteLength(word) >= wordBytesMin);
  const plain = [text, text.trim(), ...lines.slice(0, PARTS_MAX), ...words.slice(0, PARTS_MAX)];
  const before = known.size;
  const forms = plain.flatMap((form) => [
    form,
    JSON.stringify(form).slice(1, -1),
    form.replace(/[\u0000-\u001f\u007f]/g, ' '),
  ]);
  for (const form of forms) if (Buffer.byteLength(form.trim()) >= BYTES_MIN) known.add(form);
  if (known.size > before) sorted = undefined;
}

/** The text with every known secret masked. Literal, without a pattern: one of a large secret could not be compiled, and its error would quote it. */
export function maskKnown(text: string): string {
  if (known.size === 0) return text;
  // Longest first: of two secrets one of which begins with the other, nothing may remain.
  sorted ??= [...known].toSorted((a, b) => b.length - a.length);
  return sorted.reduce((shown, form) => (shown.includes(form) ? shown.replaceAll(form, SECRET_MASK) : shown), text);
}

/** Whether there is anything to mask. */
export function knowsSecrets(): boolean {
  return known.size > 0;
}

/** For tests. */
export function forgetSecrets(): void {
  known.clear();
  sorted = undefined;
}
