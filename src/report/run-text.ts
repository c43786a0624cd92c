/** The run as a whole: its first line, what nobody has to read twice when nothing changed, and how it ended. Pure. */
import type { AvailabilityFigure, Summary } from '../engine/events.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { isUntouched } from './abort.ts';
import type { RunView } from './run-view.ts';
import { printable } from './sanitize.ts';
import { paragraph, type Style, spread, symbol } from './style.ts';
import { askedAgainText, count, duration, grouped, names } from './words.ts';

/** `deploy-dns · 2 hosts in dns · run 7f3a · from main@1c0f71d` */
export function headerLine({ started, run, title }: RunView, style: Style): string {
  if (started === undefined) return '';
  if (title !== undefined)
    return `${style.paint('bold', printable(title))} · run ${run}${started.check ? ' · check only' : ''}`;
  const parts = [
    style.paint('bold', started.playbook),
    `${count(started.hosts.length, 'host')} in ${printable(started.pattern)}`,
    `run ${run}`,
    ...(started.commit === undefined ? [] : [`from ${printable(started.commit)}`]),
    ...(started.check ? ['check only'] : []),
  ];
  return parts.join(' · ');
}

/** The whole report of a run that found everything as described; undefined when there is more to say. */
export function nothingToDoLine(view: RunView, style: Style): string | undefined {
  const { summary } = view;
  const hosts = [...view.hosts.values()];
  const isAsDescribed =
    summary !== undefined &&
    summary.error === undefined &&
    hosts.length > 0 &&
    hosts.every(({ done }) => done?.status === 'ok' && done.message === undefined);
  if (!isAsDescribed) return undefined;
  const resources = [...new Set(hosts.map(({ done }) => done?.resources ?? 0))];
  const each =
    resources.length > 1
      ? `${Math.min(...resources)}–${Math.max(...resources)} resources each`
      : count(resources[0] ?? 0, 'resource');
  const who = hosts.length > 6 ? `${hosts.length} hosts` : hosts.map(({ name }) => name).join(', ');
  const verb = hosts.length === 1 ? 'is' : 'are';
  const bracket = hosts.length > 1 && resources.length === 1 ? `${each} each` : each;
  return `${style.paint('bold', summary.playbook)} · ${who} ${verb} as described (${bracket}) · ${duration(summary.durationMs)}`;
}

export interface ClosingOptions {
  readonly style: Style;
  readonly exit: ExitCode;
  /** The command that applies what --check showed. */
  readonly applyCommand: string;
  /** The command that shows this run again, or nothing. */
  readonly show?: string;
}

/** The last lines: how the services fared, and what the run came to. */
export function closingLines(
  { summary, hosts }: RunView,
  { style, exit, applyCommand, show = '' }: ClosingOptions,
): readonly string[] {
  if (summary === undefined) return [];
  const changed = [...hosts.values()]
    .filter(({ done }) => done?.status === 'changed' && done.changes.length > 0)
    .map(({ name }) => name);
  const lines = availabilityLines(summary);
  const pointer = show === '' ? '' : `   ${style.paint('dim', show)}`;
  if (exit !== EXIT.ok)
    return [...lines, spread(style, `${verdict(summary, exit)}${pointer}`, style.paint('dim', `exit ${exit}`))];
  if (summary.check) return [...lines, `Nothing was touched.${changed.length > 0 ? ` Apply: ${applyCommand}` : ''}`];
  return changed.length === 0
    ? lines
    : [...lines, `Confirmed on ${names(changed)} in ${duration(summary.durationMs)}.${pointer}`];
}

function verdict(summary: Summary, exit: ExitCode): string {
  const states = Object.entries(summary.hosts);
  if (summary.error !== undefined && isUntouched(summary)) return 'No host was touched.';
  if (exit === EXIT.interrupted) return 'Interrupted: every host is as it was or as described.';
  if (exit === EXIT.usage) return 'Not applied: nothing was touched.';
  const done = states.filter(([, { status }]) => status === 'ok' || status === 'changed').length;
  const open = states
    .filter(([, { status }]) => status !== 'ok' && status !== 'changed')
    .map(([name, { status }]) => `${name} ${status}`);
  const list = open.length > 6 ? `${open.length} are not` : open.join(', ');
  return `${done} of ${count(states.length, 'host')} done${summary.check ? ' (check only)' : ''} · ${list}`;
}

/** `dns answered 612/612 queries while we worked · longest gap 0 ms (group), 41 ms (ns2)` */
function availabilityLines({ availability = {} }: Summary): readonly string[] {
  return Object.entries(availability).flatMap(([service, figures]) => {
    const { group, ...members } = figures;
    if (group === undefined) return [];
    const gaps = Object.entries(members).filter(([, figure]) => figure.longestGapMs > 0);
    const worst = gaps.map(([name, figure]) => `, ${grouped(figure.longestGapMs)} ms (${name})`).join('');
    return [
      `${service} answered ${ratio(group)} queries${askedAgainText(group)} while we worked · longest gap ${grouped(group.longestGapMs)} ms (group)${worst}`,
    ];
  });
}

function ratio({ asked, answered }: AvailabilityFigure): string {
  return `${grouped(answered)}/${grouped(asked)}`;
}

/** Warnings are said once, with what to do. */
export function warningLines(
  warning: { readonly message: string; readonly remedy?: string },
  style: Style,
): readonly string[] {
  const remedy = warning.remedy === undefined ? [] : paragraph(style, '    ', printable(warning.remedy));
  return [style.paint('yellow', `  ${symbol(style, 'warning')} ${printable(warning.message)}`), ...remedy];
}
