/** The same schedule as a line of crontab(5), for machines without systemd. Pure. */

const DAYS: Readonly<Record<string, number>> = { sun: 0, mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6 };

const WORDS: Readonly<Record<string, string>> = {
  minutely: '* * * * *',
  hourly: '0 * * * *',
  daily: '0 0 * * *',
  weekly: '0 0 * * 1',
  monthly: '0 0 1 * *',
  quarterly: '0 0 1 1,4,7,10 *',
  semiannually: '0 0 1 1,7 *',
  yearly: '0 0 1 1 *',
  annually: '0 0 1 1 *',
};

export interface CronLine {
  /** `0 3 * * 0`; undefined when cron has no way to say it. */
  readonly time?: string;
  /** Which cron has to be told beside: `Europe/Berlin`. */
  readonly zone?: string;
}

const DAYS_PART = '[A-Za-z]{3,9}(?:(?:\\.\\.|,)[A-Za-z]{3,9})*';
const DATE_PART = '\\*-(?<month>[\\d*,/.]+)-(?<day>[\\d*,/.]+)';
const TIME_PART = '(?<hour>[\\d*,/.]+):(?<minute>[\\d*,/.]+)(?::0{1,2})?';
const ZONE_PART = '[A-Za-z][\\w+-]*(?:\\/[\\w+-]+)*';
const CALENDAR = new RegExp(
  `^(?:(?<days>${DAYS_PART})\\s+)?(?:${DATE_PART}\\s+)?${TIME_PART}(?:\\s+(?<zone>${ZONE_PART}))?$`,
);

/** Understands what people write: words, days, dates that come again, times with lists, ranges and steps, a zone. */
export function cronTime(calendar: string): CronLine {
  const word = WORDS[calendar.trim().toLowerCase()];
  if (word !== undefined) return { time: word };
  const parts = CALENDAR.exec(calendar.trim())?.groups;
  if (parts === undefined) return {};
  const { days, zone } = parts;
  const fields = [
    fieldOf(parts['minute'] ?? '', 0, 59),
    fieldOf(parts['hour'] ?? '', 0, 23),
    fieldOf(parts['day'] ?? '*', 1, 31),
    fieldOf(parts['month'] ?? '*', 1, 12),
    days === undefined ? '*' : weekdaysOf(days),
  ];
  if (fields.includes(undefined)) return {};
  // Cron takes either of the two when both are given.
  if (fields[2] !== '*' && fields[4] !== '*') return {};
  return { time: fields.join(' '), ...(zone === undefined ? {} : { zone }) };
}

/** `0/15` → `*\/15`, `1..5` → `1-5`, `02,14` → `2,14`; undefined where it is not that, or out of bounds. */
function fieldOf(text: string, least: number, most: number): string | undefined {
  const items = text.split(',').map((item) => {
    const [, from = '', to, step] = /^(\*|\d{1,2})(?:\.\.(\d{1,2}))?(?:\/(\d{1,2}))?$/.exec(item) ?? [];
    const numbers = [from === '*' ? least : from, to ?? least].map((one) => (one === '' ? Number.NaN : Number(one)));
    if (numbers.some((number) => !(number >= least && number <= most)) || step === '0') return undefined;
    if (from === '*') return to !== undefined ? undefined : step === undefined ? '*' : `*/${Number(step)}`;
    const first = Number(from);
    if (step !== undefined && to === undefined)
      return first === least ? `*/${Number(step)}` : `${first}-${most}/${Number(step)}`;
    return `${first}${to === undefined ? '' : `-${Number(to)}`}${step === undefined ? '' : `/${Number(step)}`}`;
  });
  return items.includes(undefined) ? undefined : items.join(',');
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
