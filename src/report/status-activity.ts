/** The end of the line under `run status`: what runs next by itself, and what ran last. Pure. */
import type { RunLine } from '../store/record.ts';
import { printable } from './sanitize.ts';
import { type Style, symbol } from './style.ts';
import { localMinute } from './words.ts';

export interface Activity {
  /** ISO 8601; only to say how long from now. */
  readonly now?: string;
  readonly next?: { readonly name: string; readonly command: string; readonly at: string };
  readonly last?: Pick<RunLine, 'command' | 'outcome' | 'exit' | 'startedAt' | 'owner' | 'schedule'>;
}

/** `next: upgrade Sun 03:00 (in 2 d 4 h)`, `last: deploy-dns ✔ 14:02 by admin@desk` */
export function activityWords({ now, next, last }: Activity, style: Style): readonly string[] {
  const moment = now === undefined ? new Date() : new Date(now);
  return [
    ...(next === undefined
      ? []
      : [`next: ${printable(next.command)} ${dayAndTime(next.at, moment)} (${untilWords(next.at, moment)})`]),
    ...(last === undefined ? [] : [lastWords(last, moment, style)]),
  ];
}

function lastWords(last: NonNullable<Activity['last']>, now: Date, style: Style): string {
  const mark =
    last.exit === null
      ? 'running'
      : last.exit === 0
        ? symbol(style, 'done')
        : `${symbol(style, 'failed')} ${last.outcome}`;
  const who = last.schedule === null ? printable(last.owner) : `schedule ${printable(last.schedule)}`;
  return `last: ${printable(last.command)} ${mark} ${dayAndTime(last.startedAt, now)} by ${who}`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const DAY_MS = 86_400_000;

/** `14:02` today, `Sun 03:00` within a week, else the date. In the reader's own time zone. */
function dayAndTime(iso: string, now: Date): string {
  const at = new Date(iso);
  const minute = localMinute(iso);
  if (at.toDateString() === now.toDateString()) return minute.slice(11);
  return Math.abs(at.getTime() - now.getTime()) < 6 * DAY_MS ? `${DAYS[at.getDay()]} ${minute.slice(11)}` : minute;
}

/** `in 2 d 4 h`, `in 12 min`, `now` */
function untilWords(iso: string, now: Date): string {
  const minutes = Math.round((Date.parse(iso) - now.getTime()) / 60_000);
  if (minutes < 1) return 'now';
  if (minutes < 60) return `in ${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `in ${hours} h` : `in ${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `in ${hours / 24} d` : `in ${Math.floor(hours / 24)} d ${hours % 24} h`;
}
