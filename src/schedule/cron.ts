/** The same schedule as a line of crontab(5), for machines without systemd. Pure. */

const DAYS: Readonly<Record<string, number>> = { sun: 0, mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6 };

const WORDS: Readonly<Record<string, string>> = {
  minutely: '* * * * *',
  hourly: '0 * * * *',
  daily: '0 0 * * *',
  weekly: '0 0 * * 1',
  monthly: '0 0 1 * *',
};

export interface CronLine {
  /** `0 3 * * 0`; undefined when cron has no way to say it. */
  readonly time?: string;
  /** Which cron has to be told beside: `Europe/Berlin`. */
  readonly zone?: string;
}

/** Understands what people write: words, days, a time, a zone. */
export function cronTime(calendar: string): CronLine {
  const word = WORDS[calendar.trim().toLowerCase()];
  if (word !== undefined) return { time: word };
  const match =
    /^(?:([A-Za-z]{3,9}(?:(?:\.\.|,)[A-Za-z]{3,9})*)\s+)?(?:\*-\*-(\*|\d{1,2})\s+)?(\d{1,2}):(\d{2})(?::00)?(?:\s+([A-Za-z]+(?:\/[A-Za-z_+-]+)*))?$/.exec(
      calendar.trim(),
    );
  if (match === null) return {};
  const [, days, dayOfMonth = '*', hour = '', minute = '', zone] = match;
  const weekdays = days === undefined ? '*' : weekdaysOf(days);
  // Cron takes either of the two when both are given.
  if (weekdays === undefined || (weekdays !== '*' && dayOfMonth !== '*')) return {};
  return {
    time: `${Number(minute)} ${Number(hour)} ${dayOfMonth === '*' ? '*' : Number(dayOfMonth)} * ${weekdays}`,
    ...(zone === undefined ? {} : { zone }),
  };
}

function weekdaysOf(text: string): string | undefined {
  const parts = text.split(',').map((part) => part.split('..').map((day) => DAYS[day.slice(0, 3).toLowerCase()]));
  if (parts.flat().some((day) => day === undefined)) return undefined;
  return parts.map((part) => part.join('-')).join(',');
}

/** The whole line; % is a line break to cron. */
export function cronLine(time: string, projectDir: string, command: readonly string[]): string {
  const quoted = (word: string): string =>
    /^[\w@%+=:,./~^*-]+$/.test(word) && !word.includes('*') ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return `${time} cd ${quoted(projectDir)} && ${command.map(quoted).join(' ')}`.replaceAll('%', '\\%');
}
