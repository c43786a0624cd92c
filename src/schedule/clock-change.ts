/** When the clocks of a time zone go forward or back, by the time zone data of Node. Pure but for that. */

export interface ClockChange {
  /** The moment, ms since 1970; to the minute. */
  readonly atMs: number;
  /** Of local time before and after it, ms ahead of UTC. */
  readonly beforeMs: number;
  readonly afterMs: number;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** All of them within so many days, in order. Empty for a zone that Node does not know. */
export function clockChanges(zone: string, fromMs: number, days: number): readonly ClockChange[] {
  const offset = offsetOf(zone);
  if (offset === undefined) return [];
  const found: ClockChange[] = [];
  const firstMs = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS;
  for (let day = 0; day < days; day++) {
    const from = firstMs + day * DAY_MS;
    const beforeMs = offset(from);
    const afterMs = offset(from + DAY_MS);
    if (beforeMs === afterMs) continue;
    // Two changes within a day take each other back: no zone does that.
    let low = from;
    let high = from + DAY_MS;
    while (high - low > MINUTE_MS) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
      if (offset(middle) === beforeMs) low = middle;
      else high = middle;
    }
    found.push({ atMs: high, beforeMs, afterMs });
  }
  return found;
}

/** The zone that a calendar expression ends with; undefined: it has none, and means that of the machine. */
export function zoneOf(calendar: string): { readonly zone: string | undefined; readonly local: string } {
  const [, local = '', zone = ''] = /^(.*\S)\s+([A-Za-z][\w+-]*(?:\/[\w+-]+)*)$/.exec(calendar.trim()) ?? [];
  return zone !== '' && offsetOf(zone) !== undefined ? { zone, local } : { zone: undefined, local: calendar.trim() };
}

function offsetOf(zone: string): ((ms: number) => number) | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
  return (ms) => {
    const part = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => part.get(type) ?? 0;
    const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return local - Math.floor(ms / 1000) * 1000;
  };
}
