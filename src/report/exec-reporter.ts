/** The listeners of exec: lines as they come, output folded at the end, or NDJSON. */
import type { ExitCode } from '../errors.ts';
import type { FleetCommand, FleetEvent, FleetListener, HostOutcome } from '../exec/events.ts';
import { foldOutcomes, hasOutput, majorityOf, type OutputGroup } from '../exec/fold.ts';
import { bodyBytes } from './exec-body.ts';
import { jsonEvent, jsonSummary } from './exec-json.ts';
import { LinePrefixer } from './exec-live.ts';
import { endingWords, headerLine, hostsWord } from './exec-words.ts';
import { jsonLine } from './ndjson.ts';
import type { Style } from './style.ts';

/** One of our own two streams. */
export interface Sink {
  readonly style: Style;
  readonly isTerminal: boolean;
  /** A promise while the reader is slower than the hosts. */
  write(bytes: Buffer | string): undefined | Promise<void>;
}

export interface Sinks {
  readonly stdout: Sink;
  readonly stderr: Sink;
}

export interface Ended {
  readonly command: FleetCommand;
  readonly outcomes: readonly HostOutcome[];
  readonly exit: ExitCode;
  readonly tookMs: number;
}

export interface FleetReporter {
  readonly onEvent: FleetListener;
  /** After the last host. */
  end(ended: Ended): Promise<void>;
}

/** Each line with its host in front (`isPrefixed`), stdout on stdout and stderr on stderr. */
export function createLiveReporter(sinks: Sinks, options: { readonly isPrefixed: boolean }): FleetReporter {
  const prefixers = new Map<string, LinePrefixer>();
  const of = (host: string, stream: 'stdout' | 'stderr'): LinePrefixer => {
    const key = `${stream} ${host}`;
    let prefixer = prefixers.get(key);
    if (prefixer === undefined) {
      const { isTerminal, style } = sinks[stream];
      // On a terminal both streams meet: the sign tells them apart without colour.
      const sign = isTerminal && stream === 'stderr' ? '!' : ':';
      const prefix = options.isPrefixed ? `${style.paint(sign === '!' ? 'yellow' : 'cyan', `${host}${sign}`)} ` : '';
      prefixer = new LinePrefixer({ prefix, isTerminal });
      prefixers.set(key, prefixer);
    }
    return prefixer;
  };
  const write = (stream: 'stdout' | 'stderr', bytes: Buffer): undefined | Promise<void> =>
    bytes.length === 0 ? undefined : sinks[stream].write(bytes);
  return {
    onEvent(event) {
      if (event.event === 'output') return write(event.stream, of(event.host, event.stream).push(event.bytes));
      if (event.event !== 'host-done') return undefined;
      const { host } = event.outcome;
      return Promise.all((['stdout', 'stderr'] as const).map((stream) => write(stream, of(host, stream).end())));
    },
    end: async () => {},
  };
}

/** Nothing until the end; then each different output once, under the hosts that gave it. */
export function createFoldReporter(sinks: Sinks, options: { readonly diff: boolean }): FleetReporter {
  return {
    onEvent: () => {},
    async end({ outcomes }) {
      const groups = foldOutcomes(outcomes);
      const most = options.diff && groups.length > 1 ? majorityOf(groups) : undefined;
      const ordered = most === undefined ? groups : [most, ...groups.filter((group) => group !== most)];
      for (const group of ordered) {
        if (most === undefined || group === most || group.code === null) await writeGroup(sinks, group);
        else await writeDiff(sinks, most, group);
      }
    },
  };
}

async function writeGroup(sinks: Sinks, group: OutputGroup): Promise<void> {
  if (!hasOutput(group)) return;
  const notes = group.status === 'ok' ? [] : [endingWords(group)];
  for (const name of ['stdout', 'stderr'] as const) {
    const sink = sinks[name];
    const body = bodyBytes(group[name], sink);
    if (body.length === 0) continue;
    const header = headerLine(group.hosts, name === 'stderr' ? [...notes, 'stderr'] : notes, sink.style);
    await sink.write(`${header}\n`);
    await sink.write(body);
  }
}

async function writeDiff({ stdout }: Sinks, most: OutputGroup, other: OutputGroup): Promise<void> {
  const { diffLines } = await import('./exec-diff.ts');
  const { style } = stdout;
  const lines = await diffLines(most, other, style);
  await stdout.write(
    `${[headerLine(other.hosts, [`differs from ${hostsWord(most.hosts)}`], style), ...lines].join('\n')}\n`,
  );
}

export function createJsonReporter({ stdout }: Sinks, run: string): FleetReporter {
  const stamp = (): { at: string; run: string } => ({ at: new Date().toISOString(), run });
  return {
    onEvent(event: FleetEvent) {
      const line = jsonEvent(event, stamp());
      return line === undefined ? undefined : stdout.write(jsonLine(line));
    },
    async end(ended) {
      await stdout.write(jsonLine(jsonSummary(ended, stamp())));
    },
  };
}

/** For copy and fetch: the lines at the end say all there is to say. */
export function silentReporter(): FleetReporter {
  return { onEvent: () => undefined, end: async () => {} };
}
