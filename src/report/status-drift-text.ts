/** What `run status --drift` adds: hand edits line by line, and apart from them what is described and not applied. Pure. */
import type { DriftedPath, HostStatusReport } from '../engine/fleet.ts';
import { printable } from './sanitize.ts';
import { type Style, symbol } from './style.ts';
import { count, localMinute, names, resourceLabel } from './words.ts';

const LINES_MAX = 40;

export function driftLines(
  hosts: readonly HostStatusReport[],
  { style, commandLine }: { readonly style: Style; readonly commandLine: (words: string) => string },
): readonly string[] {
  const lines = hosts.flatMap((host) => [
    ...host.drift.flatMap((one) => handLines(host.name, one, style)),
    ...(host.pending ?? []).map(
      ({ playbook, isFirst, resources }) =>
        `${host.name}  ${isFirst ? `${playbook} is not deployed` : `described, and not applied yet: ${named(resources)}`}   ${commandLine(`${playbook} --limit ${host.name}`)}`,
    ),
    ...host.undescribed.map(
      ({ role, files }) =>
        `${host.name}  role ${printable(role)} wrote ${count(files, 'file')} here, and no playbook describes it any more`,
    ),
  ]);
  if (lines.length > 0) return ['', ...lines];
  const looked = hosts.filter(({ reached, changeSet }) => reached && changeSet === null).map(({ name }) => name);
  return looked.length === 0
    ? []
    : ['', `${names(looked)}: nothing was changed by hand, and everything that is described is applied.`];
}

function named(resources: readonly string[]): string {
  const labels = resources.slice(0, 6).map(resourceLabel);
  return `${labels.join(', ')}${resources.length > 6 ? ` and ${resources.length - 6} more` : ''}`;
}

function handLines(host: string, { path, kind, at, lines = [] }: DriftedPath, style: Style): readonly string[] {
  const when = at === undefined ? '' : ` (${localMinute(at)})`;
  const what = {
    edited: `was edited on the host by hand${when}; applying replaces these lines:`,
    deleted: 'was deleted on the host by hand; applying writes it again',
    attributes: 'has another mode or owner than was written; applying sets it again',
    replaced: `is no longer what was written there${when}; applying refuses until it is moved away`,
  }[kind];
  const shown = lines.slice(0, LINES_MAX).map((line) => paintLine(line, style));
  return [
    style.paint('yellow', `${host}  ${symbol(style, 'warning')} ${printable(path)} ${what}`),
    ...shown,
    ...(lines.length > LINES_MAX ? [`      … ${lines.length - LINES_MAX} more lines`] : []),
  ];
}

function paintLine(line: string, style: Style): string {
  const text = `      ${printable(line)}`;
  if (line.startsWith('-')) return style.paint('red', text);
  return line.startsWith('+') ? style.paint('green', text) : text;
}
