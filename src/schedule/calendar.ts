/** When a calendar expression comes, by systemd's own reading of it: daylight saving and time zones included. */
import { CalendarError, ScheduleError } from './errors.ts';
import { runLocal } from './program.ts';

export interface CalendarOptions {
  /** How many; default 5. */
  readonly iterations?: number;
  /** The moment to count from; default now. As `systemd-analyze calendar --base-time` takes it. */
  readonly baseTime?: string;
}

/** The next moments, ISO 8601 in UTC. Throws CalendarError for an expression that is none, and for one that never comes. */
export async function nextElapses(
  calendar: string,
  { iterations = 5, baseTime }: CalendarOptions = {},
): Promise<readonly string[]> {
  const base = baseTime === undefined ? [] : [`--base-time=${baseTime}`];
  const { code, stdout, stderr } = await runLocal('systemd-analyze', [
    'calendar',
    `--iterations=${iterations}`,
    ...base,
    '--',
    calendar,
  ]);
  if (code === null) {
    throw new ScheduleError(`systemd-analyze cannot be run: ${firstLine(stderr)}`, {
      remedy: 'It belongs to systemd: install that, or use cron (docs/schedule.md).',
    });
  }
  if (code !== 0) {
    throw new CalendarError(
      `${JSON.stringify(calendar)} is not a time that systemd understands: ${firstLine(stderr)}`,
      {
        remedy:
          "For instance 'Sun 03:00 Europe/Berlin', '*-*-* 04:30', 'Mon..Fri 12:00'; see systemd.time(7), CALENDAR EVENTS.",
      },
    );
  }
  const moments = parseElapses(stdout);
  if (moments.length === 0) {
    throw new CalendarError(`${JSON.stringify(calendar)} never comes`, {
      remedy: 'There is no such day: see systemd-analyze calendar.',
    });
  }
  return moments;
}

/** Of `systemd-analyze calendar --iterations`: each moment in local time, and below it in UTC where that differs. Pure. */
export function parseElapses(stdout: string): readonly string[] {
  const moments: string[] = [];
  let pending: string | undefined;
  const settle = (): void => {
    if (pending !== undefined) moments.push(pending);
    pending = undefined;
  };
  for (const line of stdout.split('\n')) {
    const [, label = '', value = ''] = /^\s*([^:]+):\s+(.*)$/.exec(line) ?? [];
    if (/^(Next elapse|Iteration #\d+|Iter\. #\d+)$/.test(label)) {
      settle();
      pending = utc(value);
    } else if (/^\(in UTC\)$/.test(label)) {
      pending = utc(value);
    }
  }
  settle();
  return moments;
}

/** `Sun 2026-03-29 01:00:00 UTC`; undefined for `never`, and for a local time, which the line below gives in UTC. */
function utc(text: string): string | undefined {
  const [, date, time] = /^\w{3} (\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.\d+)? UTC$/.exec(text.trim()) ?? [];
  return date === undefined ? undefined : `${date}T${time}.000Z`;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
