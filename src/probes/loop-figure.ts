/** What a series of questions, some of them unanswered, says of a service. Pure. */

export interface LoopFigure {
  readonly asked: number;
  /** At last: also those that were answered when they were asked again. */
  readonly answered: number;
  /** From the first query that was not answered at once to the next one that was, ms; 0 when every query was. */
  readonly longestGapMs: number;
  /** Asked a second time, as clients of such a service do; only where they do. */
  readonly askedAgain?: number;
}

export interface Tick {
  readonly atMs: number;
  /** In time, when it was first asked. */
  answered: boolean;
  /** Not in time, or only when it was asked again. */
  answeredLater?: boolean;
  askedAgain?: boolean;
}

/** `isRepeated`: of a service whose clients ask again. */
export function figure(ticks: readonly Tick[], isRepeated = false): LoopFigure {
  let longestGapMs = 0;
  let lostAtMs: number | undefined;
  for (const { atMs, answered } of ticks) {
    if (!answered) lostAtMs ??= atMs;
    if (lostAtMs !== undefined) longestGapMs = Math.max(longestGapMs, atMs - lostAtMs);
    if (answered) lostAtMs = undefined;
  }
  return {
    asked: ticks.length,
    answered: ticks.filter(({ answered, answeredLater }) => answered || answeredLater === true).length,
    longestGapMs: Math.round(longestGapMs),
    ...(isRepeated ? { askedAgain: ticks.filter(({ askedAgain }) => askedAgain === true).length } : {}),
  };
}

/** The same query to several servers: it is answered when any of them answers. */
export function groupTick(same: readonly Tick[]): Tick {
  return {
    atMs: Math.min(...same.map(({ atMs }) => atMs)),
    answered: same.some(({ answered }) => answered),
    answeredLater: same.some(({ answeredLater }) => answeredLater === true),
    askedAgain: same.some(({ askedAgain }) => askedAgain === true),
  };
}
