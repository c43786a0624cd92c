/** Reads `chronyc -c` (CSV): tracking and sources, strictly. Fields as chronyc(1) and client.c of chrony 4.x print them. Pure. */
import { ChronycOutputError } from './errors.ts';

export type LeapStatus = 'normal' | 'insert second' | 'delete second' | 'not synchronised';

/** `chronyc -n -c tracking`. */
export interface Tracking {
  /** 8 hex digits; `7F7F0101` is chronyd's own clock, `00000000` nothing. */
  readonly refId: string;
  /** Address or name of the selected source, '' when there is none. */
  readonly refName: string;
  readonly stratum: number;
  /** When the last measurement was processed, seconds since 1970. */
  readonly refTimeSec: number;
  /** Still to be corrected, s: positive when the system clock is slow of true time. */
  readonly systemOffsetSec: number;
  readonly lastOffsetSec: number;
  readonly rmsOffsetSec: number;
  readonly frequencyPpm: number;
  readonly residualPpm: number;
  readonly skewPpm: number;
  readonly rootDelaySec: number;
  readonly rootDispersionSec: number;
  readonly updateIntervalSec: number;
  readonly leap: LeapStatus;
}

export type SourceMode = 'server' | 'peer' | 'refclock';
export type SourceState = 'selected' | 'combined' | 'not combined' | 'falseticker' | 'too variable' | 'unusable';

/** One line of `chronyc -c sources`. */
export interface TimeSource {
  readonly mode: SourceMode;
  readonly state: SourceState;
  /** With -n an address (`ID#…` while unresolved), with -N the name as configured; every source of a pool has the pool's name. */
  readonly name: string;
  readonly stratum: number;
  /** log2 s. */
  readonly poll: number;
  /** Which of the last 8 questions were answered, one bit each; 255: all. */
  readonly reach: number;
  /** Seconds since the last good sample; undefined: never. */
  readonly lastSampleSec: number | undefined;
  readonly offsetSec: number;
  readonly measuredOffsetSec: number;
  readonly errorSec: number;
}

const LEAP: ReadonlyMap<string, LeapStatus> = new Map([
  ['Normal', 'normal'],
  ['Insert second', 'insert second'],
  ['Delete second', 'delete second'],
  ['Not synchronised', 'not synchronised'],
]);
const MODES: ReadonlyMap<string, SourceMode> = new Map([
  ['^', 'server'],
  ['=', 'peer'],
  ['#', 'refclock'],
]);
const STATES: ReadonlyMap<string, SourceState> = new Map([
  ['*', 'selected'],
  ['+', 'combined'],
  ['-', 'not combined'],
  ['x', 'falseticker'],
  ['~', 'too variable'],
  ['?', 'unusable'],
]);
/** What chronyc prints for "never": UINT32_MAX. */
const NEVER = 4_294_967_295;

/** @throws ChronycOutputError when it is not exactly one line of 14 fields. */
export function parseTracking(output: string): Tracking {
  const [line, ...more] = linesOf(output);
  if (line === undefined || more.length > 0) throw unreadable('tracking', output, 'one line was expected');
  const row = new Row('tracking', line, 14);
  return {
    refId: row.matching(/^[0-9A-F]{8}$/),
    refName: row.matching(/^[^\s,]*$/),
    stratum: row.integer(),
    refTimeSec: row.number(),
    systemOffsetSec: row.number(),
    lastOffsetSec: row.number(),
    rmsOffsetSec: row.number(),
    frequencyPpm: row.number(),
    residualPpm: row.number(),
    skewPpm: row.number(),
    rootDelaySec: row.number(),
    rootDispersionSec: row.number(),
    updateIntervalSec: row.number(),
    leap: row.oneOf(LEAP),
  };
}

/** No line: no source. @throws ChronycOutputError on a line that is not 10 fields of the known kinds. */
export function parseSources(output: string): TimeSource[] {
  return linesOf(output).map((line) => {
    const row = new Row('sources', line, 10);
    const source = {
      mode: row.oneOf(MODES),
      state: row.oneOf(STATES),
      name: row.matching(/^[^\s,]+$/),
      stratum: row.integer(),
      poll: row.integer(),
      reach: Number.parseInt(row.matching(/^[0-3]?[0-7]{1,2}$/), 8), // octal, also in CSV
      lastSampleSec: row.integer(),
      offsetSec: row.number(),
      measuredOffsetSec: row.number(),
      errorSec: row.number(),
    };
    return { ...source, lastSampleSec: source.lastSampleSec === NEVER ? undefined : source.lastSampleSec };
  });
}

/** chronyd on its own clock says leap "Normal" and its local stratum: only the reference tells that it follows nothing. */
export function trackingFollows(tracking: Tracking): 'source' | 'own-clock' | 'none' {
  if (tracking.leap === 'not synchronised' || tracking.refId === '00000000') return 'none';
  return tracking.refId === '7F7F0101' ? 'own-clock' : 'source';
}

/** The system clock is this far from true time at most, s: |offset| + dispersion + delay / 2 (chronyc(1), tracking). */
export function errorBoundSec(tracking: Tracking): number {
  return Math.abs(tracking.systemOffsetSec) + tracking.rootDispersionSec + tracking.rootDelaySec / 2;
}

class Row {
  readonly #fields: readonly string[];
  readonly #report: string;
  readonly #line: string;
  #next = 0;

  constructor(report: string, line: string, count: number) {
    this.#fields = line.split(',');
    this.#report = report;
    this.#line = line;
    if (this.#fields.length !== count)
      throw unreadable(report, line, `${count} fields were expected, ${this.#fields.length} came`);
  }

  matching(pattern: RegExp): string {
    const field = this.#fields[this.#next++] ?? '';
    if (!pattern.test(field)) throw unreadable(this.#report, this.#line, `field ${this.#next} is not as expected`);
    return field;
  }

  integer(): number {
    return Number(this.matching(/^-?[0-9]{1,10}$/));
  }

  number(): number {
    return Number(this.matching(/^-?[0-9]{1,12}(?:\.[0-9]{1,12})?$/));
  }

  oneOf<T>(words: ReadonlyMap<string, T>): T {
    const value = words.get(this.matching(/^.{1,20}$/));
    if (value === undefined) throw unreadable(this.#report, this.#line, `field ${this.#next} is an unknown word`);
    return value;
  }
}

function linesOf(output: string): string[] {
  return output.split('\n').filter((line) => line !== '');
}

function unreadable(report: string, text: string, what: string): ChronycOutputError {
  return new ChronycOutputError(`\`chronyc -c ${report}\` cannot be read: ${what}`, {
    detail: [JSON.stringify(text.slice(0, 200))],
    remedy:
      'This chrony prints another format than 4.0 to 4.8 do: report it with the line above and `chronyc --version`.',
  });
}
