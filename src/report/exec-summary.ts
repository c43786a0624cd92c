/** The end of exec, copy and fetch: who did not end well and why, and all hosts in one line. Pure. */

import { EXIT, type ExitCode } from '../errors.ts';
import type { HostOutcome, TransferDone } from '../exec/events.ts';
import { endingWords, hostsWord } from './exec-words.ts';
import { printableLines } from './sanitize.ts';
import { type Colour, paragraph, type Style, spread, symbol } from './style.ts';
import { count, duration, grouped } from './words.ts';

export interface SummaryOptions {
  readonly style: Style;
  readonly exit: ExitCode;
  readonly tookMs: number;
}

export function summaryLines(
  outcomes: readonly HostOutcome[],
  { style, exit, tookMs }: SummaryOptions,
): readonly string[] {
  const failures = grouping(
    outcomes.filter(({ status }) => status !== 'ok'),
    (outcome) => [endingWords(outcome), outcome.error?.message, outcome.error?.detail, outcome.error?.remedy],
  );
  const counts = grouping(outcomes, endingWords).map(
    (same) => `${hostsWord(same.map(({ host }) => host))} ${endingWords(same[0])}`,
  );
  const total = outcomes.length === 1 ? [] : [count(outcomes.length, 'host')];
  const line = [...total, ...counts, duration(tookMs)].join(' · ');
  const last = exit === EXIT.ok ? line : spread(style, line, style.paint('dim', `exit ${exit}`));
  return [...failures.flatMap((same) => failureLines(same, style)), last];
}

/** `ns1  written /etc/motd (12 bytes)`, for copy and fetch. */
export function transferLines(outcomes: readonly HostOutcome[], style: Style): readonly string[] {
  const done = outcomes.filter(
    (outcome): outcome is HostOutcome & { done: TransferDone } => outcome.done !== undefined,
  );
  return grouping(done, ({ done: { action, path, bytes } }) => [action, path, bytes]).flatMap((same) => {
    const { action, path, bytes } = same[0].done;
    const mark = style.paint('green', symbol(style, 'done'));
    const words = action === 'same' ? 'as it was' : 'written';
    const skipped = same.flatMap(({ host, done: { skipped = [] } }) =>
      skipped.map((name) => `    ${host}: left out ${printableLines(name).join(' ')}`),
    );
    return [
      `${mark} ${hostsWord(same.map(({ host }) => host))}  ${words}  ${printableLines(path).join(' ')} (${grouped(bytes)} bytes)`,
      ...skipped,
    ];
  });
}

type Some<T> = readonly [T, ...T[]];

function grouping<T>(items: readonly T[], keyOf: (item: T) => unknown): readonly Some<T>[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** A command's own exit code says enough; what kept it from one is explained. */
function failureLines(same: Some<HostOutcome>, style: Style): readonly string[] {
  const [first] = same;
  const { status, error } = first;
  const colour: Colour = status === 'locked' || status === 'interrupted' ? 'yellow' : 'red';
  const name = hostsWord(same.map(({ host }) => host));
  const mark = style.paint(colour, `${symbol(style, 'failed')} ${name}  ${endingWords(first)}`);
  const [message, ...more] = printableLines(error?.message ?? '');
  const below = [...more, ...(error?.detail.flatMap(printableLines) ?? [])].filter((line) => line !== '');
  return [
    message === '' || message === undefined ? mark : `${mark}  ${message}`,
    ...below.map((line) => `    ${line}`),
    ...(error === null ? [] : printableLines(error.remedy).flatMap((line) => paragraph(style, '  ', line))),
  ];
}
