/** A table in columns of text: as wide as it needs, with two spaces between. Pure. */
import { type Style, visibleWidth } from './style.ts';

/** Lines without spaces at their end. The last column is never padded. */
export function tableLines(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(0, ...rows.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => visibleWidth(row[column] ?? ''))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Columns that the widest line takes. */
export function tableWidth(rows: readonly (readonly string[])[]): number {
  return Math.max(0, ...tableLines(rows).map(visibleWidth));
}

/** With its heads, where it fits; else one block for each row, which begins with its first cell. */
export function tableOrBlocks(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  style: Style,
): readonly string[] {
  const table = [heads.map((head) => style.paint('dim', head)), ...rows];
  if (!style.wrap || tableWidth(table) <= style.columns) return tableLines(table);
  return rows.flatMap(([name = '', ...cells]) => [
    name,
    ...tableLines(cells.map((cell, index) => [`  ${style.paint('dim', heads[index + 1] ?? '')}`, cell])),
  ]);
}

function padded(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - visibleWidth(cell)));
}
