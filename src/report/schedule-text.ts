/** `run schedule`: what was added, what there is, and one of them in full. Pure. */
import type { RunLine } from '../store/record.ts';
import { printable } from './sanitize.ts';
import { paragraph, type Style, symbol } from './style.ts';
import { tableLines } from './table.ts';
import { localMinute } from './words.ts';

/** What is shown of a schedule; src/schedule/unit-text.ts is where it comes from. */
export interface ListedSchedule {
  readonly schedule: {
    readonly name: string;
    readonly calendar: string;
    readonly words: readonly string[];
    readonly delay: string;
    readonly persistent: boolean;
  };
  readonly state: {
    readonly next: string | null;
    readonly last: string | null;
    readonly result: string | null;
    readonly exit: number | null;
    readonly isRunning: boolean;
    readonly isActive: boolean;
  };
  /** Whose timer it is. */
  readonly scope: 'system' | 'user';
}

/** What the change of the clocks does to a schedule; src/schedule/clock-doubts.ts is where it comes from. */
export interface ClockDoubtShown {
  readonly zone: string;
  readonly local: string;
  readonly what: 'left out' | 'moved' | 'doubled';
  readonly runsAt?: string;
}

export interface ScheduleTextOptions {
  readonly style: Style;
  readonly commandLine: (words: string) => string;
}

export function scheduleAddedLines(
  added: {
    readonly schedule: ListedSchedule['schedule'];
    readonly next: readonly string[];
    readonly linger: string | undefined;
    readonly doubts: readonly ClockDoubtShown[];
  },
  { style, commandLine }: ScheduleTextOptions,
): readonly string[] {
  const { schedule, next, linger, doubts } = added;
  return [
    `${style.paint('green', symbol(style, 'done'))} ${style.paint('bold', schedule.name)} is scheduled: run ${wordsOf(schedule.words)}`,
    ...nextLines(next, schedule.delay),
    ...doubts.flatMap((doubt) => warningLine(doubtWords(doubt), style)),
    ...lingerLines(linger, { style }),
    `Now, beside its times: ${commandLine(`schedule run-now ${schedule.name}`)}`,
  ];
}

export function scheduleListLines(
  all: readonly ListedSchedule[],
  { style, commandLine }: ScheduleTextOptions,
): readonly string[] {
  if (all.length === 0) return [`Nothing is scheduled. See: ${commandLine('schedule add --help')}`];
  const heads = ['NAME', 'NEXT', 'LAST', 'RESULT', 'WHEN', 'WHAT'];
  // Which of the two is worth a word only where both have some.
  const isMixed = new Set(all.map(({ scope }) => scope)).size > 1;
  const rows = all.map(({ schedule, state, scope }) => [
    `${style.paint('bold', schedule.name)}${isMixed && scope === 'user' ? ' (user)' : ''}`,
    state.next === null ? '–' : localMinute(state.next),
    state.last === null ? '–' : localMinute(state.last),
    resultWords(state, style),
    printable(schedule.calendar),
    wordsOf(schedule.words),
  ]);
  return tableLines([heads.map((head) => style.paint('dim', head)), ...rows]);
}

export function scheduleShowLines(
  { schedule, state, scope }: ListedSchedule,
  next: readonly string[],
  runs: readonly RunLine[],
  { style, commandLine }: ScheduleTextOptions,
): readonly string[] {
  const missed = schedule.persistent ? 'what is missed is made up for' : 'what is missed is left out';
  return [
    `${style.paint('bold', schedule.name)} · ${printable(schedule.calendar)} · ${missed} · of the ${scope}`,
    ...paragraph(style, '  ', `run ${wordsOf(schedule.words)}`),
    ...nextLines(next, schedule.delay),
    `last: ${state.last === null ? 'never' : localMinute(state.last)} · ${resultWords(state, style)}`,
    ...runs.map(
      ({ id, startedAt, outcome, exit }) =>
        `  ${printable(id)}  ${localMinute(startedAt)}  ${outcome}${exit === null ? '' : `, exit ${exit}`}`,
    ),
    ...(runs.length === 0 ? [] : [style.paint('dim', `See: ${commandLine(`history show ${runs[0]?.id ?? ''}`)}`)]),
  ];
}

/** `linger`: what makes a user's timers run without that user; undefined: they do. */
export function lingerLines(
  linger: string | undefined,
  { style }: Pick<ScheduleTextOptions, 'style'>,
): readonly string[] {
  if (linger === undefined) return [];
  return warningLine(`Timers of a user run only while that user is logged in, until somebody says: ${linger}`, style);
}

function doubtWords({ zone, local, what, runsAt }: ClockDoubtShown): string {
  const where = `in ${printable(zone)}`;
  const remedy = 'If that matters, take another hour, or UTC.';
  switch (what) {
    case 'left out':
      return `${local} is not there ${where}, where the clocks go forward then: it is left out that day. ${remedy}`;
    case 'moved':
      return `${local} is not there ${where}, where the clocks go forward then: it runs ${runsAt === undefined ? 'later' : localMinute(runsAt)}. ${remedy}`;
    case 'doubled':
      return `${local} comes twice ${where}, where the clocks go back then, and it runs twice. ${remedy}`;
  }
}

function warningLine(words: string, style: Style): readonly string[] {
  return paragraph(style, '  ', words).map((line, index) =>
    style.paint('yellow', index === 0 ? `${symbol(style, 'warning')} ${line.trimStart()}` : line),
  );
}

function nextLines(next: readonly string[], delay: string): readonly string[] {
  const later = delay === '0' ? '' : `, each up to ${printable(delay)} later`;
  if (next.length === 0) return ['next: never again'];
  return [`next${later}:`, ...next.map((at) => `  ${localMinute(at)}`)];
}

function resultWords({ isRunning, isActive, result, exit }: ListedSchedule['state'], style: Style): string {
  if (isRunning) return style.paint('cyan', 'runs now');
  if (!isActive) return style.paint('red', `${symbol(style, 'failed')} its timer is stopped`);
  if (result === null) return '–';
  if (result === 'success') return style.paint('green', `${symbol(style, 'done')} done`);
  const why = result === 'exit-code' ? `exit ${exit}` : printable(result);
  return style.paint('red', `${symbol(style, 'failed')} ${why}`);
}

function wordsOf(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./~^*-]+$/.test(word) ? word : `'${printable(word).replaceAll("'", "'\\''")}'`))
    .join(' ');
}
