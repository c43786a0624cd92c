/**
 * Maintenance windows: when something irreversible may begin. Pure.
 *
 * A window is what the clock on the wall says in its zone: `Sun 02:30–04:00` is open at each instant whose local day and time lie in it.
 * So where a change to summer time skips a part of it, that part does not exist and the window is shorter; where a change to winter time
 * repeats an hour, the window is open in both. A window whose end is before its start goes on after midnight and belongs to the day it begins on.
 */
import { closest, distance } from 'fastest-levenshtein';
import { WindowError } from './errors.ts';

export const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
export type Day = (typeof DAYS)[number];

export interface WindowInput {
  /** IANA name: `Europe/Berlin`. Default `UTC`. */
  readonly zone?: string;
  /** Default: every day. */
  readonly days?: readonly Day[];
  /** `hh:mm`, inclusive. */
  readonly start: string;
  /** `hh:mm`, exclusive; `24:00` is midnight. */
  readonly end: string;
}

export interface MaintenanceWindow {
  readonly zone: string;
  readonly days: readonly Day[];
  /** Minutes since midnight. */
  readonly startMin: number;
  /** More than a day's minutes where it goes on after midnight. */
  readonly endMin: number;
}

const DAY_MIN = 24 * 60;
const MINUTE_MS = 60_000;
/** A weekly window that a change of time has swallowed is open a week later. */
const SEARCH_MIN = 16 * DAY_MIN;

/** Throws WindowError. */
export function parseWindow(input: WindowInput): MaintenanceWindow {
  const { zone = 'UTC', days = DAYS, start, end } = input;
  requireZone(zone);
  const startMin = minutesOf(start, DAY_MIN - 1);
  const given = minutesOf(end, DAY_MIN);
  if (given === startMin)
    throw new WindowError(`the window ${start}–${end} is empty`, {
      remedy: 'Leave the window away when any time will do, or let it end at another time.',
    });
  const unknown = days.find((day) => !DAYS.includes(day));
  if (unknown !== undefined || days.length === 0)
    throw new WindowError(
      unknown === undefined ? 'the window has no days' : `${JSON.stringify(unknown)} is not a day of the week`,
      {
        remedy: `Days are written as ${DAYS.join(', ')}.`,
      },
    );
  return { zone, days, startMin, endMin: given > startMin ? given : given + DAY_MIN };
}

function requireZone(zone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const near = closest(zone, Intl.supportedValuesOf('timeZone'));
    const hint = near !== undefined && distance(zone, near) <= 4 ? ` Did you mean ${near}?` : '';
    throw new WindowError(`${JSON.stringify(zone)} is not a time zone`, {
      cause,
      remedy: `Give an IANA name, such as Europe/Berlin or UTC.${hint}`,
    });
  }
}

function minutesOf(text: string, most: number): number {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  if (hours !== undefined && Number(minutes) < 60 && total <= most) return total;
  throw new WindowError(`${JSON.stringify(text)} is not a time of day`, {
    remedy: 'Write it as hh:mm, such as 03:00.',
  });
}

/** Made once for each zone: making one costs more than a thousand uses. */
const formats = new Map<string, Intl.DateTimeFormat>();

interface LocalTime {
  readonly day: number;
  readonly minute: number;
}

function localTime(zone: string, atMs: number): LocalTime {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  formats.set(zone, format);
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return {
    day: DAYS.indexOf(parts.get('weekday') as Day),
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  };
}

export function isOpen({ zone, days, startMin, endMin }: MaintenanceWindow, atMs: number): boolean {
  const { day, minute } = localTime(zone, atMs);
  const today = DAYS[day] as Day;
  const yesterday = DAYS[(day + 6) % 7] as Day;
  const inToday = days.includes(today) && startMin <= minute && minute < endMin;
  return inToday || (days.includes(yesterday) && minute + DAY_MIN < endMin);
}

/** Of windows any of which may be open, at one instant. */
export interface Opening {
  readonly open: boolean;
  /** Open: when the last of those that follow on each other closes, ms; undefined: not within two weeks. */
  readonly closesAtMs?: number;
  /** Closed: when the next one opens, ms. */
  readonly opensAtMs?: number;
}

/** No windows: always open. */
export function openingAt(windows: readonly MaintenanceWindow[], atMs: number): Opening {
  if (windows.length === 0) return { open: true };
  const isOpenAt = (ms: number): boolean => windows.some((window) => isOpen(window, ms));
  const open = isOpenAt(atMs);
  const first = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  for (let minute = 1; minute <= SEARCH_MIN; minute++) {
    const ms = first + minute * MINUTE_MS;
    if (isOpenAt(ms) !== open) return open ? { open, closesAtMs: ms } : { open, opensAtMs: ms };
  }
  return { open };
}

export type WindowVerdict =
  | { readonly allowed: true; readonly closesAtMs?: number }
  | {
      readonly allowed: false;
      readonly why: 'closed' | 'too-late';
      readonly opensAtMs?: number;
      readonly closesAtMs?: number;
    };

/** May something that takes up to `needsMs` begin now, so that it is over before the window is? */
export function mayBegin(windows: readonly MaintenanceWindow[], atMs: number, needsMs: number): WindowVerdict {
  const { open, closesAtMs, opensAtMs } = openingAt(windows, atMs);
  if (!open) return { allowed: false, why: 'closed', ...(opensAtMs === undefined ? {} : { opensAtMs }) };
  if (closesAtMs === undefined) return { allowed: true };
  return atMs + needsMs <= closesAtMs ? { allowed: true, closesAtMs } : { allowed: false, why: 'too-late', closesAtMs };
}

/** `Sun 03:00–05:00 Europe/Berlin` */
export function windowText({ zone, days, startMin, endMin }: MaintenanceWindow): string {
  const time = (minutes: number): string =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  const which = days.length === 7 ? 'daily' : days.join(',');
  return `${which} ${time(startMin)}–${time(endMin > DAY_MIN ? endMin - DAY_MIN : endMin)} ${zone}`;
}

/** `Sun 03:00 Europe/Berlin`, of an instant. */
export function instantText(zone: string, atMs: number): string {
  const { day, minute } = localTime(zone, atMs);
  return `${DAYS[day]} ${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')} ${zone}`;
}
