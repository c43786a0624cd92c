/** Reads the lines of a user's file that an error is about. */
import { readFileSync, statSync } from 'node:fs';
import type { SourceLine } from './error-text.ts';

/** No playbook, inventory or zone file that a person wrote is larger. */
const BYTES_MAX = 4 * 1024 * 1024;

/** The line and the one before it; empty when there is no such line, or the file cannot be read. */
export function readSourceLines(file: string | undefined, line: number | undefined): readonly SourceLine[] {
  if (file === undefined || line === undefined) return [];
  try {
    if (statSync(file).size > BYTES_MAX) return [];
    const lines = readFileSync(file, 'utf8').split(/\r?\n/);
    const numbers = [line - 1, line].filter((number) => number >= 1 && number <= lines.length);
    return numbers.includes(line) ? numbers.map((number) => ({ number, text: lines[number - 1] ?? '' })) : [];
  } catch {
    return [];
  }
}
