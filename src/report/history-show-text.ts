/** `run history show ID`: everything that is known of one run; what failed comes first. Pure. */
import type { AvailabilityFigure } from '../engine/events.ts';
import type { HostRecord, NoteRecord, RunRecord } from '../store/record.ts';
import { changeLines } from './change-text.ts';
import { commandWords, commitWords, type HistoryTextOptions, outcomeWords } from './history-words.ts';
import { printable, printableLines } from './sanitize.ts';
import { paragraph, type Style, spread, symbol } from './style.ts';
import { askedAgainText, count, duration, grouped, localMinute, STATUS_WORDS } from './words.ts';

export interface ShowTextOptions extends HistoryTextOptions {
  /** Also each step, and the probes that passed. */
  readonly verbose: boolean;
}

export function showLines(run: RunRecord, options: ShowTextOptions): readonly string[] {
  const { style } = options;
  return [
    ...headLines(run, options),
    ...errorLines(run.error, '', style),
    ...run.hosts.flatMap((host) => ['', ...hostLines(host, options)]),
    ...availabilityLines(run),
    ...noteLines(run.notes, options),
  ];
}

function headLines(run: RunRecord, options: ShowTextOptions): readonly string[] {
  const { style } = options;
  const commit = commitWords(run.commit);
  const title = [style.paint('bold', commandWords(run)), `run ${printable(run.id)}`, outcomeWords(run, options)].join(
    ' · ',
  );
  const parts = [
    localMinute(run.startedAt),
    ...(run.durationMs === null ? [] : [`took ${duration(run.durationMs)}`]),
    `by ${printable(run.owner)}`,
    ...(run.schedule === null ? [] : [`schedule ${printable(run.schedule)}`]),
    ...(commit === '' ? [] : [`from ${commit}`]),
    ...(run.lab === null ? [] : [`lab ${printable(run.lab)}`]),
    `version ${printable(run.version)}`,
  ];
  return [
    spread(style, title, run.exit === null ? '' : style.paint('dim', `exit ${run.exit}`)).trimEnd(),
    ...paragraph(style, '  ', parts.join(' · ')),
    style.paint('dim', `  run ${run.args.map(quoted).join(' ')}`),
  ];
}

/** As a shell would take it. */
function quoted(word: string): string {
  const text = printable(word);
  return /^[\w@%+=:,./~^*-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function errorLines(error: RunRecord['error'], indent: string, style: Style): readonly string[] {
  if (error === null) return [];
  const where =
    error.file === undefined ? '' : `${printable(error.file)}${error.line === undefined ? '' : `:${error.line}`}: `;
  const [first = '', ...rest] = printableLines(error.message);
  const message = first.includes(error.file ?? '\n') ? first : `${where}${first}`;
  return [
    ...paragraph(style, `${indent}  `, message),
    ...[...rest, ...error.detail.flatMap(printableLines)].map((line) => `${indent}    ${line}`),
    ...printableLines(error.remedy)
      .filter(Boolean)
      .flatMap((line) => paragraph(style, `${indent}  `, line)),
  ];
}

function hostLines(host: HostRecord, options: ShowTextOptions): readonly string[] {
  const { style } = options;
  const { status, tookMs, resources, message, changes, error } = host;
  const mark = status in STATUS_WORDS ? STATUS_WORDS[status as keyof typeof STATUS_WORDS] : STATUS_WORDS.failed;
  const what = [
    ...(changes.length === 0 ? [] : [count(changes.length, 'change')]),
    // An upgrade has none.
    ...(resources === null || resources === 0 ? [] : [`of ${count(resources, 'resource')}`]),
    ...(message === null ? [] : [printable(message)]),
  ].join(changes.length > 0 && resources !== 0 ? ' ' : ', ');
  const line = `${style.paint('bold', printable(host.host))}  ${style.paint(mark.colour, `${symbol(style, mark.symbol)} ${status}`)}  ${what}`;
  return [
    spread(style, line.trimEnd(), tookMs === null ? '' : style.paint('dim', duration(tookMs))).trimEnd(),
    ...errorLines(error, '', style),
    ...probeLines(host, options),
    ...changeLines(changes, style),
  ];
}

/** Those that failed, always: with the time, since a later answer may have been another. */
function probeLines({ probes }: HostRecord, { style, verbose }: ShowTextOptions): readonly string[] {
  const failed = probes.filter(({ ok }) => !ok);
  const passed = probes.filter(({ ok }) => ok);
  const shown = verbose ? [...failed, ...passed] : failed;
  const lines = shown.map(({ ok, service, name, detail, at, from }) => {
    const sign = style.paint(ok ? 'green' : 'red', symbol(style, ok ? 'done' : 'failed'));
    const asked = from === null ? '' : ` (asked from ${printable(from)})`;
    return `  ${sign} ${printable(service)}  ${printable(name)}   ${printable(detail)}${asked}  ${style.paint('dim', localTime(at))}`;
  });
  const rest = verbose || passed.length === 0 ? [] : [style.paint('dim', `  ${count(passed.length, 'probe')} passed`)];
  return [...lines, ...rest];
}

function availabilityLines({ availability }: RunRecord): readonly string[] {
  const all = Object.entries(availability ?? {});
  const line = (service: string, name: string, figure: AvailabilityFigure): string =>
    `${printable(service)} of ${printable(name)} answered ${grouped(figure.answered)}/${grouped(figure.asked)}${askedAgainText(figure)} · longest gap ${grouped(figure.longestGapMs)} ms`;
  const lines = all.flatMap(([service, figures]) =>
    Object.entries(figures).map(([name, figure]) => line(service, name, figure)),
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

function noteLines(notes: readonly NoteRecord[], { style, verbose }: ShowTextOptions): readonly string[] {
  const shown = notes.filter(({ kind }) => verbose || kind !== 'step');
  if (shown.length === 0) return [];
  return [
    '',
    ...shown.map(({ at, kind, host, message }) => {
      const who = host === null || message.startsWith(host) ? '' : `${printable(host)}  `;
      const sign = kind === 'warning' ? style.paint('yellow', symbol(style, 'warning')) : ' ';
      return `${sign} ${style.paint('dim', localTime(at))}  ${who}${printable(message)}`;
    }),
  ];
}

/** `14:02:11`, in the reader's own time zone. */
function localTime(iso: string): string {
  const at = new Date(iso);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
