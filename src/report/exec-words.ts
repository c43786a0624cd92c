/** How a host's command ended, in words, and the line above its output. Pure. */
import type { ExecStatus, HostOutcome } from '../exec/events.ts';
import { foldHosts } from '../exec/host-set.ts';
import { printable } from './sanitize.ts';
import { type Style, visibleWidth } from './style.ts';

type Ending = Pick<HostOutcome, 'status' | 'code' | 'signal'>;

const WORDS: Readonly<Record<Exclude<ExecStatus, 'ok' | 'failed'>, string>> = {
  timeout: 'not done in time',
  unreachable: 'unreachable',
  locked: 'locked',
  interrupted: 'interrupted',
};

/** `exit 3`, `killed by SEGV`, `not done in time`, `unreachable`. */
export function endingWords({ status, code, signal }: Ending): string {
  if (status !== 'ok' && status !== 'failed') return WORDS[status];
  if (signal !== null) return `killed by ${printable(signal)}`;
  if (code === null) return status === 'ok' ? 'done' : 'failed';
  return `exit ${code}`;
}

/** `ns[1-2]`, neutralised. */
export function hostsWord(hosts: readonly string[]): string {
  return printable(foldHosts(hosts));
}

/** Wide enough to be seen, narrow enough for half a screen. */
const RULE_COLUMNS = 60;

/** `ns[1-2] (2) ── exit 3 ─────────`. */
export function headerLine(hosts: readonly string[], notes: readonly string[], style: Style): string {
  const rule = style.unicode ? '─' : '-';
  const name = `${hostsWord(hosts)} (${hosts.length})`;
  const text = [name, ...notes.map((note) => `${rule}${rule} ${note}`)].join(' ');
  const rest = Math.max(4, Math.min(style.columns, RULE_COLUMNS) - visibleWidth(text) - 1);
  return `${style.paint('bold', text)} ${style.paint('dim', rule.repeat(rest))}`;
}
