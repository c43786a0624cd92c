/** `run history`: one line for each run, newest first. Pure. */
import type { RunLine } from '../store/record.ts';
import { commandWords, type HistoryTextOptions, outcomeWords } from './history-words.ts';
import { printable } from './sanitize.ts';
import { tableLines, tableWidth } from './table.ts';
import { count, duration, localMinute } from './words.ts';

export interface HistoryListOptions extends HistoryTextOptions {
  /** More runs than these are there. */
  readonly isCut: boolean;
  readonly isFiltered: boolean;
}

export function historyLines(runs: readonly RunLine[], options: HistoryListOptions): readonly string[] {
  const { style } = options;
  if (runs.length === 0) return [options.isFiltered ? 'No run of the history is like that.' : 'The history is empty.'];
  const heads = ['RUN', 'WHEN', 'WHAT', 'RESULT', 'HOSTS', 'TOOK', 'BY'];
  const rows = runs.map((run) => [
    style.paint('bold', printable(run.id)),
    localMinute(run.startedAt),
    commandWords(run),
    outcomeWords(run, options) + (run.changes > 0 ? ` (${run.changes})` : ''),
    hostsWords(run),
    run.durationMs === null ? '' : duration(run.durationMs),
    printable(run.owner),
  ]);
  const table = [heads.map((head) => style.paint('dim', head)), ...rows];
  const isWide = !style.wrap || tableWidth(table) <= style.columns;
  const lines = isWide ? tableLines(table) : tableLines(table.map((row) => row.slice(0, 4)));
  return [
    ...lines,
    ...(options.isCut ? ['', style.paint('dim', `Older ones: ${options.commandLine('history --limit 0')}`)] : []),
  ];
}

const NAMED_MAX = 4;

/** Names; of a run that did not go well on all of them, those first that it did not go well on. */
function hostsWords({ hosts }: RunLine): string {
  const bad = hosts.filter(({ status }) => status !== 'ok' && status !== 'changed' && status !== 'skipped');
  const ordered = [...bad, ...hosts.filter((host) => !bad.includes(host))];
  if (ordered.length > NAMED_MAX)
    return `${ordered
      .slice(0, NAMED_MAX - 1)
      .map(word)
      .join(', ')}, … ${count(ordered.length, 'host')}`;
  return ordered.map(word).join(', ');
}

function word({ host, status }: RunLine['hosts'][number]): string {
  const name = printable(host);
  return status === 'ok' || status === 'changed' || status === 'skipped' || status === 'running'
    ? name
    : `${name} ${status}`;
}
