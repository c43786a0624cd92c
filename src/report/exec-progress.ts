/** What a terminal shows while commands run and their output is not printed yet: a line per host, with its last words. */
import type { FleetEvent } from '../exec/events.ts';
import type { FleetReporter } from './exec-reporter.ts';
import { endingWords } from './exec-words.ts';
import type { Live } from './live.ts';
import { printable } from './sanitize.ts';
import { type Style, symbol } from './style.ts';
import { duration } from './words.ts';

/** What is over sooner shows its result only, and does not pay for loading listr2. */
const LIVE_AFTER_MS = 400;
/** More hosts are counted. */
const LINES_MAX = 12;
/** Enough for the last line that anybody can read while it moves. */
const LAST_BYTES = 400;

interface HostLine {
  readonly sinceMs: number;
  last: string;
  ended?: string;
}

/** Wraps a reporter that prints at the end. */
export function withProgress(inner: FleetReporter, style: Style): FleetReporter {
  const hosts = new Map<string, HostLine>();
  let timer: NodeJS.Timeout | undefined;
  let live: Promise<Live> | undefined;
  const show = async (names: readonly string[]): Promise<Live> => {
    const { startLive } = await import('./live.ts');
    return startLive(names, (spinner) => progressLines(hosts, { style, spinner, nowMs: performance.now() }).join('\n'));
  };
  const onEvent = (event: FleetEvent): void => {
    if (event.event === 'exec-started') {
      for (const host of event.hosts) hosts.set(host, { sinceMs: performance.now(), last: '' });
      timer = setTimeout(() => {
        live = show(event.hosts);
      }, LIVE_AFTER_MS);
    } else if (event.event === 'output') {
      const line = hosts.get(event.host);
      if (line !== undefined) line.last = lastWords(event.bytes) || line.last;
    } else if (event.event === 'host-done') {
      const { host, tookMs } = event.outcome;
      const line = hosts.get(host);
      if (line !== undefined) line.ended = `${endingWords(event.outcome)}  ${duration(tookMs)}`;
      void live?.then((current) => current.hostDone(host));
    }
  };
  return {
    onEvent(event) {
      onEvent(event);
      return inner.onEvent(event);
    },
    async end(ended) {
      clearTimeout(timer);
      await (await live)?.stop();
      await inner.end(ended);
    },
  };
}

interface ProgressOptions {
  readonly style: Style;
  readonly spinner: string;
  readonly nowMs: number;
}

/** Hosts that still run come first when not all fit. */
export function progressLines(hosts: ReadonlyMap<string, HostLine>, options: ProgressOptions): readonly string[] {
  const { style, spinner, nowMs } = options;
  const all = [...hosts];
  const shown = all.length <= LINES_MAX ? all : all.filter(([, { ended }]) => ended === undefined).slice(0, LINES_MAX);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  const lines = shown.map(([name, { sinceMs, last, ended }]) => {
    const state =
      ended === undefined ? `${spinner} ${duration(nowMs - sinceMs)}  ${last}` : `${symbol(style, 'done')} ${ended}`;
    return [...`  ${printable(name).padEnd(width)}  ${state}`].slice(0, style.columns).join('');
  });
  const done = all.filter(([, { ended }]) => ended !== undefined).length;
  return all.length <= LINES_MAX ? lines : [...lines, `  ${done} of ${all.length} hosts done`];
}

function lastWords(bytes: Buffer): string {
  const text = bytes.toString('utf8', Math.max(0, bytes.length - LAST_BYTES)).trimEnd();
  return printable(text.slice(text.lastIndexOf('\n') + 1));
}
