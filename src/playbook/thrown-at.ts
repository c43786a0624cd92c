/** Where in the user's files an error came from. Pure: it reads the stack that Node has mapped back to the sources. */
import { fileURLToPath } from 'node:url';
import type { SourceLocation } from '../errors.ts';

/** The topmost frame in a file of the user; the playbook itself when there is none. */
export function thrownAt(error: unknown, playbookPath: string): SourceLocation {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const frame of stack.matchAll(/^\s+at .*?\(?((?:file:\/\/|\/)[^\s()]+?):(\d+):(\d+)\)?$/gm)) {
    const [, place = '', line, column] = frame;
    const file = place.startsWith('file://') ? fileURLToPath(place) : place;
    if (/\.m?ts$/.test(file)) return { file, line: Number(line), column: Number(column) };
  }
  return { file: playbookPath };
}
