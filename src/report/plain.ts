/** Lines as things happen, for CI logs, pipes and screen readers: nothing is ever drawn again. */
import type { HostStatus, RunEvent } from '../engine/events.ts';
import type { ExitCode } from '../errors.ts';
import { checkLines, hostLines, nameWidth } from './host-text.ts';
import type { Reporter, TextReportOptions } from './reporter.ts';
import { closingLines, headerLine, nothingToDoLine, warningLines } from './run-text.ts';
import { advance, EMPTY_VIEW, type HostView, isEventful } from './run-view.ts';
import type { Style } from './style.ts';
import { verboseLines } from './verbose-text.ts';

type Warning = Extract<RunEvent, { readonly event: 'warning' }>;

export function createPlainReporter(style: Style, options: TextReportOptions): Reporter {
  let view = EMPTY_VIEW;
  let isHeaderDue = true;
  /** By host: the status that was printed. */
  const printed = new Map<string, HostStatus>();
  const warnings: Warning[] = [];
  let last = '';
  let part: string | undefined;

  const print = (lines: readonly string[]): void => {
    if (lines.length === 0) return;
    const header = isHeaderDue && view.started !== undefined ? [headerLine(view, style), ''] : [];
    if (view.started !== undefined) isHeaderDue = false;
    for (const line of [...header, ...lines].map((text) => text.trimEnd())) {
      if (line !== '' || last !== '') options.write(`${line}\n`); // one empty line is enough
      last = line;
    }
  };

  /** Warnings do not make a run without changes longer than it is: they wait for its one line, or for the first that is not ok. */
  const printWarnings = (): void => {
    const due = warnings.splice(0);
    print(due.flatMap((warning) => warningLines(warning, style)));
  };

  /** Hosts that are as described wait until it is clear that the whole run is not. */
  const printHosts = (): void => {
    if (!isEventful(view)) return;
    printWarnings();
    const texts = { style, nameWidth: nameWidth(view), diff: options.diff };
    // Once more when a later part of the run ends the host as something else (revert-all).
    const due = [...view.hosts.values()]
      .map((host) => (view.part === undefined ? host : partOf(host)))
      .filter(({ name, done }) => done !== undefined && printed.get(name) !== done.status);
    for (const { name, done } of due) if (done !== undefined) printed.set(name, done.status);
    if (due.length > 0) printPart();
    const wouldChange = due.filter(({ done }) => view.started?.check === true && done?.status === 'changed');
    print(checkLines(wouldChange, texts));
    for (const host of due) if (!wouldChange.includes(host)) print(hostLines(host, texts));
  };

  /** As it ended in the play at hand: one that was as described there is no line of its own. In check mode all plays count as one. */
  const partOf = (host: HostView): HostView => {
    if (view.started?.check === true) return host;
    const { done: _all, part: own, ...rest } = host;
    const isOver = own !== undefined && (own.status !== 'ok' || own.message !== undefined);
    return isOver ? { ...rest, done: own } : rest;
  };

  /** Which of the playbooks that are run as one the lines below are about. */
  const printPart = (): void => {
    if (view.part === undefined || view.part === part || view.started?.check === true) return;
    part = view.part;
    print([`  ${style.paint('dim', part)}`]);
  };

  const onEvent = (event: RunEvent): void => {
    view = advance(view, event);
    if (event.event === 'play-started') for (const host of event.hosts) printed.delete(host);
    print(verboseLines(event, { style, verbose: options.verbose, nameWidth: nameWidth(view) }));
    if (event.event === 'warning') warnings.push(event);
    if (event.event === 'warning' && isEventful(view)) printWarnings();
    // With --check nothing takes long, and hosts with the same changes are shown once.
    if (event.event === 'summary' || (event.event === 'host-done' && view.started?.check === false)) printHosts();
  };

  const close = async (exit: ExitCode): Promise<void> => {
    const line = nothingToDoLine(view, style);
    if (line !== undefined && isHeaderDue) {
      isHeaderDue = false;
      print([line]);
      printWarnings();
    } else {
      printWarnings();
      const lines = closingLines(view, {
        style,
        exit,
        applyCommand: options.applyCommand,
        show: options.showCommand?.() ?? '',
      });
      if (view.summary?.error === undefined) print(lines.length > 0 ? ['', ...lines] : []);
    }
  };
  return { onEvent, close };
}
