/** Output of a host as it is shown: neutralised on a terminal, as the host sent it elsewhere. Pure. */
import type { Kept } from '../exec/kept-output.ts';
import { printable } from './sanitize.ts';
import { grouped } from './words.ts';

export interface BodyOptions {
  /** Terminals obey escape sequences; files and pipes keep them for whoever asked for the bytes. */
  readonly isTerminal: boolean;
}

/** The kept bytes with a newline at their end, and a line where something is missing. Empty for no output. */
export function bodyBytes(kept: Kept, { isTerminal }: BodyOptions): Buffer {
  if (kept.totalBytes === 0) return Buffer.alloc(0);
  if (!isTerminal) {
    const notice = kept.cutBytes === 0 ? '' : `${endsLine(kept.head) ? '' : '\n'}${cutNotice(kept)}\n`;
    const bytes = Buffer.concat([kept.head, Buffer.from(notice), kept.tail]);
    return endsLine(bytes) ? bytes : Buffer.concat([bytes, Buffer.from('\n')]);
  }
  if (isBinary(kept.head)) return Buffer.from(`${binaryNotice(kept)}\n`);
  return Buffer.from(`${bodyLines(kept).join('\n')}\n`);
}

/** Lines that are safe to print. Bytes that are no UTF-8 become U+FFFD. */
export function bodyLines(kept: Kept): readonly string[] {
  if (kept.totalBytes === 0) return [];
  if (kept.cutBytes === 0) return lines(Buffer.concat([kept.head, kept.tail]));
  return [...lines(kept.head), cutNotice(kept), ...lines(kept.tail)];
}

/** A NUL byte near the beginning, as grep and git tell. */
export function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 8192).includes(0);
}

export function binaryNotice({ totalBytes }: Pick<Kept, 'totalBytes'>): string {
  return `(binary, ${grouped(totalBytes)} bytes: not for a terminal; send stdout to a file, or use run fetch)`;
}

function lines(bytes: Buffer): readonly string[] {
  const text = bytes.toString('utf8');
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n').map(printable);
}

function cutNotice({ head, tail, cutBytes }: Kept): string {
  return `[… ${grouped(cutBytes)} bytes left out here, after ${grouped(head.length)}; the last ${grouped(tail.length)} follow …]`;
}

function endsLine(bytes: Buffer): boolean {
  return bytes.at(-1) === 0x0a;
}
