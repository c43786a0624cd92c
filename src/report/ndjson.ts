/** --json: one event per line on stdout, the summary last, and nothing else. */
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

export function createNdjsonReporter(write: (text: string) => void): Reporter {
  return {
    onEvent: ({ event, at, run, ...fields }) => write(jsonLine({ event, at, run, ...fields })),
    close: async () => {},
  };
}
