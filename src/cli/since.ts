/** A moment as people say it: a date, a date with a time, or how long ago. Pure. */
import { UsageError } from './errors.ts';

const UNITS_MS: Readonly<Record<string, number>> = { min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** ISO 8601 in UTC. Dates without a zone are in the reader's own; throws UsageError for anything else. */
export function momentOf(text: string, now: Date, option: string): string {
  const trimmed = text.trim();
  const [, amount, unit] = /^(\d{1,5})\s*(min|h|d|w)$/.exec(trimmed) ?? [];
  if (amount !== undefined && unit !== undefined) {
    return new Date(now.getTime() - Number(amount) * (UNITS_MS[unit] ?? 0)).toISOString();
  }
  if (trimmed === 'today' || trimmed === 'yesterday') {
    const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (trimmed === 'today' ? 0 : 1));
    return day.toISOString();
  }
  const [, date, time, zone] =
    /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(Z|[+-]\d{2}:?\d{2})?$/.exec(trimmed) ?? [];
  // Without a time JavaScript takes a date for UTC.
  const at = date === undefined ? undefined : new Date(`${date}T${time ?? '00:00'}${zone ?? ''}`);
  if (at === undefined || Number.isNaN(at.getTime()) || !isSameDay(date ?? '', at, zone)) {
    throw new UsageError(`${option} ${text}: this is no time`, {
      remedy:
        "Give a date ('2026-11-01'), one with a time ('2026-11-01 14:00'), or how long ago ('30min', '12h', '7d', '2w').",
    });
  }
  return at.toISOString();
}

/** 2026-02-31 would become the 3rd of March. */
function isSameDay(date: string, at: Date, zone: string | undefined): boolean {
  const day = Number(date.slice(8));
  return zone !== undefined ? day >= 1 && day <= 31 : at.getDate() === day;
}
