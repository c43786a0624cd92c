/** The lines that a terminal shows while a run goes on, drawn anew several times a second. Pure. */
import { hostLines, nameWidth } from './host-text.ts';
import { headerLine, warningLines } from './run-text.ts';
import type { HostView, RunView } from './run-view.ts';
import { printable } from './sanitize.ts';
import { type Style, visibleWidth } from './style.ts';
import { duration } from './words.ts';

export interface LiveOptions {
  readonly style: Style;
  /** One frame of a spinner. */
  readonly spinner: string;
  readonly nowMs: number;
}

/** Rows for hosts, at most: a fleet must not scroll its own header away. */
const HOSTS_MAX = 20;
/** A step that takes longer shows for how long. */
const SHOW_TIME_AFTER_MS = 2_000;

export function liveLines(view: RunView, options: LiveOptions): readonly string[] {
  const { style } = options;
  const hosts = [...view.hosts.values()];
  // Those at work first when there are too many: the others stand in the final report.
  const shown =
    hosts.length <= HOSTS_MAX
      ? hosts
      : [...hosts.filter((host) => host.done === undefined), ...hosts.filter((host) => host.done)].slice(0, HOSTS_MAX);
  const texts = { style, nameWidth: nameWidth(view), diff: false };
  const lines = shown.map(
    (host) => hostLines(host, texts)[0] ?? `  ${host.name.padEnd(texts.nameWidth)}  ${activity(host, options)}`,
  );
  return [
    headerLine(view, style),
    '',
    ...lines.map((line) => truncate(line, style.columns)),
    ...(hosts.length > shown.length ? [`  … and ${hosts.length - shown.length} more`] : []),
    ...(view.localStep === undefined ? [] : [`  ${options.spinner} local step ${printable(view.localStep)}`]),
    ...view.warnings.flatMap((warning) => warningLines(warning, style).map((line) => truncate(line, style.columns))),
  ];
}

function activity({ observed, plan, step }: HostView, { style, spinner, nowMs }: LiveOptions): string {
  if (step === undefined) {
    if (!observed) return `${style.paint('cyan', spinner)} observing`;
    return plan === undefined ? `${style.paint('cyan', spinner)} observed` : style.paint('dim', '· waiting');
  }
  const tookMs = nowMs - Date.parse(step.at);
  const time = tookMs >= SHOW_TIME_AFTER_MS ? style.paint('dim', ` · ${duration(tookMs)}`) : '';
  const message = printable(step.message);
  return `${style.paint('cyan', spinner)} ${step.step === message ? message : `${printable(step.step).padEnd(9)} ${message}`}${time}`;
}

/** Cuts at `columns`, and ends colours that are still on. */
export function truncate(line: string, columns: number): string {
  if (visibleWidth(line) <= columns) return line;
  let width = 0;
  let cut = '';
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b')) {
      cut += part;
      continue;
    }
    const room = columns - 1 - width;
    if (room <= 0) continue;
    const characters = [...part].slice(0, room);
    width += characters.length;
    cut += characters.join('');
  }
  return `${cut}…`;
}
