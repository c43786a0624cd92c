/** --json: one event per line on stdout, the summary last, and nothing else. */
import type { ChangeReport, RunEvent } from '../engine/events.ts';
import type { Reporter } from './reporter.ts';

/** Valid inside JSON strings, and obeyed by terminals when somebody prints the line: DEL and the C1 controls. */
const TERMINAL_CONTROLS = /[\x7f-\x9f\u2028\u2029]/g;

export function jsonLine(value: unknown): string {
  const escaped = JSON.stringify(value).replace(
    TERMINAL_CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}

/** `diff`: false leaves the lines of diffs out, which the history has all the same. */
export function createNdjsonReporter(write: (text: string) => void, { diff }: { readonly diff: boolean }): Reporter {
  return {
    onEvent: (whole) => {
      const { event, at, run, ...fields } = diff ? whole : withoutDiffs(whole);
      write(jsonLine({ event, at, run, ...fields }));
    },
    close: async () => {},
  };
}

function withoutDiffs(event: RunEvent): RunEvent {
  switch (event.event) {
    case 'host-plan':
    case 'host-done':
      return { ...event, changes: event.changes.map(withoutDiff) };
    case 'summary': {
      const hosts = Object.entries(event.hosts).map(([name, host]) => [
        name,
        { ...host, changes: host.changes.map(withoutDiff) },
      ]);
      return { ...event, hosts: Object.fromEntries(hosts) };
    }
    default:
      return event;
  }
}

function withoutDiff({ diff: _diff, ...change }: ChangeReport): ChangeReport {
  return change;
}
