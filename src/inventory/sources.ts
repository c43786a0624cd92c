/** Remembers where each entry of a parsed map or list was written. */
import type { LineCounter } from 'yaml';
import type { SourceLocation } from '../errors.ts';

interface Entries {
  readonly file: string;
  readonly lines: LineCounter;
  /** Offset of each key, or of each entry of a list. */
  readonly offsets: Map<string | number, number>;
}

/** One for all files of an inventory. Lines are counted only when they are asked for. */
export class Sources {
  readonly #entries = new WeakMap<object, Entries>();

  add(container: object, file: string, lines: LineCounter): Map<string | number, number> {
    const offsets = new Map<string | number, number>();
    this.#entries.set(container, { file, lines, offsets });
    return offsets;
  }

  /** Where `key` of this map, or this entry of a list, was written. */
  at(container: unknown, key: string | number): SourceLocation | undefined {
    if (typeof container !== 'object' || container === null) return undefined;
    const entries = this.#entries.get(container);
    const offset = entries?.offsets.get(key);
    if (entries === undefined || offset === undefined) return undefined;
    const { line, col } = entries.lines.linePos(offset);
    return { file: entries.file, line, column: col };
  }

  /** Follows `path` from `root`: the place of the deepest part that was written. */
  find(root: unknown, path: readonly (string | number)[]): SourceLocation | undefined {
    let container = root;
    let place: SourceLocation | undefined;
    for (const part of path) {
      const next = this.at(container, part);
      if (next === undefined) break;
      place = next;
      container = (container as Record<string | number, unknown>)[part];
    }
    return place;
  }
}
