/** What a series of questions, some of them unanswered, says of a service. Pure. */

export interface LoopFigure {
  readonly asked: number;
  readonly answered: number;
  /** From the first unanswered query to the next answered one, ms; 0 when every query was answered. */
  readonly longestGapMs: number;
}

export interface Tick {
  readonly atMs: number;
  answered: boolean;
}

export function figure(ticks: readonly Tick[]): LoopFigure {
  let longestGapMs = 0;
  let lostAtMs: number | undefined;
  for (const { atMs, answered } of ticks) {
    if (!answered) lostAtMs ??= atMs;
    if (lostAtMs !== undefined) longestGapMs = Math.max(longestGapMs, atMs - lostAtMs);
    if (answered) lostAtMs = undefined;
  }
  return {
    asked: ticks.length,
    answered: ticks.filter(({ answered }) => answered).length,
    longestGapMs: Math.round(longestGapMs),
  };
}
