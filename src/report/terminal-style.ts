/** The style that suits a stream: what its terminal, and the user's environment, allow. */
import { createStyle, type Style } from './style.ts';

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Lines for a file or a CI log may be this long. */
const COLUMNS_WITHOUT_TERMINAL = 100;
/** The last columns stay free: a line that fills the row is wrapped by some terminals and by log-update. */
const MARGIN = 2;
/** Longer lines are hard to read; what is aligned at the right edge stays near what it belongs to. */
const COLUMNS_MAX = 100;

/** https://no-color.org and FORCE_COLOR are honoured; TERM=linux (the bare console) lacks our symbols. */
export function styleFor(stream: OutputStream, environment: Readonly<Record<string, string | undefined>>): Style {
  const isTerminal = stream.isTTY === true && environment['TERM'] !== 'dumb';
  const isForced = (environment['FORCE_COLOR'] ?? '0') !== '0';
  const isRefused = (environment['NO_COLOR'] ?? '') !== '';
  return createStyle({
    colour: !isRefused && (isTerminal || isForced),
    columns: isTerminal ? Math.min((stream.columns || 80) - MARGIN, COLUMNS_MAX) : COLUMNS_WITHOUT_TERMINAL,
    unicode: environment['TERM'] !== 'linux',
    wrap: isTerminal,
  });
}
