/** --json of exec, copy and fetch: one line per host when it is done, the summary last. Pure. */

import type { ErrorReport } from '../engine/events.ts';
import type { ExitCode } from '../errors.ts';
import type { FleetCommand, FleetEvent, HostOutcome } from '../exec/events.ts';
import type { Kept } from '../exec/kept-output.ts';

export interface JsonStamp {
  readonly at: string;
  readonly run: string;
}

/** The line's value; undefined for events that --json does not tell (bytes as they come, the end before the exit code is known). */
export function jsonEvent(event: FleetEvent, { at, run }: JsonStamp): object | undefined {
  switch (event.event) {
    case 'exec-started': {
      const { command, hosts, argv, sudo } = event;
      return { event: 'exec-started', at, run, command, argv, sudo, hosts };
    }
    case 'host-started':
      return { event: 'host-started', at, run, host: event.host };
    case 'host-done': {
      const { host, status, code, signal, stdout, stderr, error, done, tookMs } = event.outcome;
      const streams = { ...streamFields('stdout', stdout), ...streamFields('stderr', stderr) };
      return {
        ...{ event: 'host-done', at, run, host, status, code, signal, ...streams, error },
        ...(done === undefined ? {} : { done }),
        tookMs,
      };
    }
    case 'output':
    case 'exec-done':
      return undefined;
  }
}

export interface JsonSummary {
  readonly command: FleetCommand;
  readonly outcomes: readonly HostOutcome[];
  readonly exit: ExitCode;
  readonly tookMs: number;
  /** What ended it before any host was touched. */
  readonly error?: ErrorReport;
}

export function jsonSummary({ command, outcomes, exit, tookMs, error }: JsonSummary, { at, run }: JsonStamp): object {
  const hosts = Object.fromEntries(outcomes.map(({ host, status, code, error }) => [host, { status, code, error }]));
  const status = exit === 0 ? 'ok' : 'failed';
  const why = error === undefined ? {} : { error };
  return { event: 'summary', at, run, command, status, exit, durationMs: tookMs, hosts, ...why };
}

/** `stdout` as text where it is UTF-8, else `stdoutBase64`; with `stdoutCut` where bytes are missing from the middle. */
function streamFields(name: 'stdout' | 'stderr', kept: Kept): object {
  const bytes = Buffer.concat([kept.head, kept.tail]);
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes);
  return {
    ...(isText ? { [name]: text } : { [`${name}Base64`]: bytes.toString('base64') }),
    ...(kept.cutBytes === 0 ? {} : { [`${name}Cut`]: { afterBytes: kept.head.length, bytes: kept.cutBytes } }),
  };
}
