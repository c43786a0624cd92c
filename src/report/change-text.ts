/** Changes with their diffs, line by line: what --check shows, what a question is about, what --diff adds. Pure. */
import type { ChangeReport } from '../engine/events.ts';
import { printable } from './sanitize.ts';
import type { Colour, Style } from './style.ts';
import { symbol } from './style.ts';
import { localMinute, names, resourceLabel } from './words.ts';

/** The column at which the details begin, where labels are short enough. */
const DETAIL_COLUMN = 40;

/** One line per change, its diff below it, and what of a hand edit would be lost. */
export function changeLines(changes: readonly ChangeReport[], style: Style): readonly string[] {
  return changes.flatMap((change) => [
    heading(change, style),
    ...diffLines(change, style),
    ...handEditLines(change, style),
  ]);
}

/** Only the diffs, each under the name of its resource. */
export function diffsOnly(changes: readonly ChangeReport[], style: Style): readonly string[] {
  return changeLines(
    changes.filter(({ diff, handEdit }) => diff !== undefined || handEdit !== undefined),
    style,
  );
}

function heading({ resource, action, detail = '' }: ChangeReport, style: Style): string {
  const label = resourceLabel(resource);
  const width = Math.min(DETAIL_COLUMN, Math.floor(style.columns / 2)) - 2;
  return `  ${style.paint('bold', label)}${' '.repeat(Math.max(2, width - label.length))}${what(resource, action, printable(detail))}`;
}

/** `create`, `update, mode 0600 → 0644`, `reload because of zone example.com`. */
function what(resource: string, action: string, detail: string): string {
  if (detail === '') return action;
  const reasons = detail.split(', ');
  if (!resource.startsWith('unit:') || !reasons.every((reason) => RESOURCE_ID.test(reason)))
    return `${action}, ${detail}`;
  const shown = reasons.slice(0, REASONS_MAX).map(resourceLabel);
  return `${action} because of ${names(shown)}${reasons.length > REASONS_MAX ? ` and ${reasons.length - REASONS_MAX} more` : ''}`;
}

const RESOURCE_ID = /^(?:file|directory|quadlet|zone|unit|image|command|podman-secret):/;
const REASONS_MAX = 3;

const COLOURS: Readonly<Record<string, Colour>> = { '+': 'green', '-': 'red', '~': 'yellow', ' ': 'dim' };

function diffLines({ diff = [] }: ChangeReport, style: Style): readonly string[] {
  return diff.map((line) => {
    const text = `    ${printable(line)}`;
    const colour = COLOURS[line.charAt(0)];
    return colour === undefined ? text : style.paint(colour, text);
  });
}

function handEditLines({ resource, handEdit, handEditAt }: ChangeReport, style: Style): readonly string[] {
  if (handEdit === undefined) return [];
  const when = handEditAt === undefined ? '' : ` (${localMinute(handEditAt)})`;
  const text = `  ${symbol(style, 'warning')} ${resourceLabel(resource)} was edited on the host by hand${when}; applying replaces these lines:`;
  return [style.paint('yellow', text), ...handEdit.map((line) => `    ${printable(line)}`)];
}
