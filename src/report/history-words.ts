/** What the history's screens share: an outcome with its sign, a command with its circumstances. Pure. */
import type { RunLine, RunRecord } from '../store/record.ts';
import { printable } from './sanitize.ts';
import { type Colour, type Mark, type Style, symbol } from './style.ts';

export interface HistoryTextOptions {
  readonly style: Style;
  /** Whether the process that records a run without an end still runs. */
  readonly isAlive: (run: Pick<RunRecord, 'process'>) => boolean;
  /** `history show 7f3a` → `./run history show 7f3a` */
  readonly commandLine: (words: string) => string;
}

const OUTCOMES: Readonly<Record<RunRecord['outcome'], readonly [Mark, Colour]>> = {
  running: ['skipped', 'cyan'],
  ok: ['done', 'green'],
  changed: ['done', 'green'],
  reverted: ['reverted', 'yellow'],
  failed: ['failed', 'red'],
  unknown: ['failed', 'red'],
  unreachable: ['failed', 'red'],
  locked: ['failed', 'yellow'],
  interrupted: ['failed', 'yellow'],
  rejected: ['failed', 'yellow'],
};

/** `✔ changed`, `✖ died` for a run whose process is gone, `✔ would change` for --check. */
export function outcomeWords(run: Pick<RunLine, 'outcome' | 'check' | 'process'>, options: HistoryTextOptions): string {
  const { style } = options;
  const hasDied = run.outcome === 'running' && !options.isAlive(run);
  const [mark, colour] = hasDied ? (['failed', 'red'] as const) : OUTCOMES[run.outcome];
  const word = hasDied ? 'died' : run.check && run.outcome === 'changed' ? 'would change' : run.outcome;
  return style.paint(colour, `${symbol(style, mark)} ${word}`);
}

/** `deploy-dns`, `deploy-dns (check, lab)` */
export function commandWords({
  command,
  check,
  lab,
  schedule,
}: Pick<RunLine, 'command' | 'check' | 'lab' | 'schedule'>): string {
  const circumstances = [check ? 'check' : '', lab === null ? '' : 'lab', schedule === null ? '' : 'scheduled'].filter(
    Boolean,
  );
  return `${printable(command)}${circumstances.length === 0 ? '' : ` (${circumstances.join(', ')})`}`;
}

export function commitWords({ ref, dirty }: RunRecord['commit']): string {
  if (ref === null) return '';
  return `${printable(ref)}${dirty === true ? ' with uncommitted changes' : ''}`;
}
