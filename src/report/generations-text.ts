/** The kept generations of a host, as people read them. Pure. */
import { printable } from './sanitize.ts';
import type { Style } from './style.ts';
import { tableLines } from './table.ts';
import { localMinute } from './words.ts';

export interface KeptGeneration {
  readonly generation: number;
  /** When it was confirmed, ISO 8601. */
  readonly at: string;
  readonly id: string;
  readonly run: string;
  readonly owner: string;
  /** Files and folders that it manages. */
  readonly files: number;
  readonly present: boolean;
}

/** With a newline at the end of each. */
export function generationLines(
  { name, generations }: { readonly name: string; readonly generations: readonly KeptGeneration[] },
  style: Style,
): readonly string[] {
  if (generations.length === 0) return [`${name}  has no confirmed generation: nothing was ever deployed there\n`];
  const rows = generations.map(({ generation, at, run, owner, files, present }) => [
    `  ${generation}`,
    localMinute(at),
    `run ${printable(run)}`,
    printable(owner),
    `${files} files and folders`,
    present ? style.paint('green', 'present') : '',
  ]);
  return [style.paint('bold', name), ...tableLines(rows)].map((line) => `${line}\n`);
}
