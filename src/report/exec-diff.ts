/** How a host's output differs from that of most hosts, as a unified diff. */
import type { OutputGroup } from '../exec/fold.ts';
import type { Kept } from '../exec/kept-output.ts';
import { bodyLines, isBinary } from './exec-body.ts';
import { endingWords } from './exec-words.ts';
import type { Style } from './style.ts';

/** Texts that have next to nothing in common are no comparison, and take long to find out. */
const EDITS_MAX = 2000;
const DIFF_MS_MAX = 1000;

/** Lines without a newline; none where the stream is the same. */
export async function diffLines(most: OutputGroup, other: OutputGroup, style: Style): Promise<readonly string[]> {
  const ending =
    endingWords(most) === endingWords(other) ? [] : [`${endingWords(other)} instead of ${endingWords(most)}`];
  const streams = await Promise.all(
    (['stdout', 'stderr'] as const).map((name) => diffOf(name, most[name], other[name], style)),
  );
  return [...ending, ...streams.flat()];
}

async function diffOf(name: string, before: Kept, after: Kept, style: Style): Promise<readonly string[]> {
  if (before.fingerprint === after.fingerprint) return [];
  if (isBinary(before.head) || isBinary(after.head)) return [`${name}: binary, and not the same`];
  const { structuredPatch } = await import('diff');
  const [was, is] = [before, after].map((kept) =>
    bodyLines(kept)
      .map((line) => `${line}\n`)
      .join(''),
  );
  const options = { context: 2, maxEditLength: EDITS_MAX, timeout: DIFF_MS_MAX };
  const patch = structuredPatch('', '', was ?? '', is ?? '', undefined, undefined, options);
  const label = name === 'stdout' ? [] : [`${name}:`];
  if (patch === undefined) return [...label, '(has nothing in common with it; in full:)', ...bodyLines(after)];
  // Equal as printed: what differs was neutralised, or cut.
  if (patch.hunks.length === 0) return [...label, '(differs only in bytes that are not shown)'];
  return [
    ...label,
    ...patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
      style.paint('cyan', `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`),
      ...lines.filter((line) => !line.startsWith('\\')).map((line) => painted(line, style)),
    ]),
  ];
}

function painted(line: string, style: Style): string {
  if (line.startsWith('-')) return style.paint('red', line);
  return line.startsWith('+') ? style.paint('green', line) : line;
}
