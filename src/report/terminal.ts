/** A terminal: hosts and what they are at while the run goes on; then the same lines as anywhere else, for good. */
import type { RunEvent } from '../engine/events.ts';
import type { ExitCode } from '../errors.ts';
import type { Live } from './live.ts';
import { liveLines } from './live-text.ts';
import { createPlainReporter } from './plain.ts';
import type { Reporter, TextReportOptions } from './reporter.ts';
import { advance, EMPTY_VIEW, type RunView } from './run-view.ts';
import type { Style } from './style.ts';

/** A run that is over sooner shows its result only, and does not pay for loading listr2. */
const LIVE_AFTER_MS = 200;

export function createTerminalReporter(style: Style, options: TextReportOptions): Reporter {
  const report = createPlainReporter(style, options);
  const kept: RunEvent[] = [];
  let view: RunView = EMPTY_VIEW;
  let timer: NodeJS.Timeout | undefined;
  let live: Promise<Live> | undefined;

  const show = async (hosts: readonly string[]): Promise<Live> => {
    const { startLive } = await import('./live.ts');
    return startLive(hosts, (spinner) => liveLines(view, { style, spinner, nowMs: Date.now() }).join('\n'));
  };
  const start = (): void => {
    const { started, summary } = view;
    if (started === undefined || summary !== undefined || timer !== undefined || live !== undefined) return;
    timer = setTimeout(() => {
      live = show(started.hosts);
    }, LIVE_AFTER_MS);
  };
  const stop = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const current = live;
    live = undefined;
    await (await current)?.stop();
  };
  return {
    onEvent(event) {
      view = advance(view, event);
      kept.push(event);
      if (event.event === 'run-started') start();
      if (event.event === 'host-done') void live?.then((current) => current.hostDone(event.host));
    },
    suspend: stop,
    resume: start,
    async close(exit: ExitCode) {
      await stop();
      for (const event of kept) report.onEvent(event);
      await report.close(exit);
    },
  };
}
