/** Whether a calendar expression comes in the hour that is left out, or in the one that comes twice, when the clocks change. */
import { realpathSync } from 'node:fs';
import { nextElapses } from './calendar.ts';
import { type ClockChange, clockChanges, zoneOf } from './clock-change.ts';
import { CalendarError } from './errors.ts';

export interface ClockDoubt {
  readonly zone: string;
  /** What the clocks show then, `2027-03-28 02:30`. */
  readonly local: string;
  /** What systemd makes of it: the hour is not there, and nothing runs, or later; it is there twice, and so are the runs. */
  readonly what: 'left out' | 'moved' | 'doubled';
  /** When it runs after all, or for the second time; ISO 8601. */
  readonly runsAt?: string;
}

/** The clocks of a zone change once in each direction. */
const DAYS = 366;

/**
 * Asks the systemd of this machine: versions differ in what they do. Empty where the zone has no such hours, or the expression none in
 * them; and for what comes every hour anyway. `zone`: of the machine; default as /etc/localtime says.
 */
export async function clockDoubts(
  calendar: string,
  options: { readonly nowMs?: number; readonly zone?: string } = {},
): Promise<readonly ClockDoubt[]> {
  const { zone: own, local } = zoneOf(calendar);
  const zone = own ?? options.zone ?? machineZone();
  if (zone === undefined) return [];
  const doubts: ClockDoubt[] = [];
  for (const change of clockChanges(zone, options.nowMs ?? Date.now(), DAYS)) {
    const question: Question = { calendar: `${local} ${zone}`, local: `${local} UTC`, zone, change };
    const doubt = change.afterMs > change.beforeMs ? await doubtOfGap(question) : await doubtOfRepeat(question);
    if (doubt !== undefined) doubts.push(doubt);
  }
  return doubts;
}

interface Question {
  readonly calendar: string;
  /** The same as if the zone had no such changes: what its clocks would show, as UTC. */
  readonly local: string;
  readonly zone: string;
  readonly change: ClockChange;
}

async function doubtOfGap({ calendar, local, zone, change }: Question): Promise<ClockDoubt | undefined> {
  const lengthMs = change.afterMs - change.beforeMs;
  const gapMs = change.atMs + change.beforeMs;
  const around = await elapsesBetween(local, gapMs - lengthMs, gapMs + 2 * lengthMs);
  const missing = around.find((ms) => ms >= gapMs && ms < gapMs + lengthMs);
  if (missing === undefined) return undefined;
  // What comes before and after it as well is a matter of every hour or minute.
  if (around.some((ms) => ms < gapMs) && around.some((ms) => ms >= gapMs + lengthMs)) return undefined;
  const [moved] = await elapsesBetween(calendar, change.atMs, change.atMs + lengthMs);
  const doubt = { zone, local: localText(missing) };
  return moved === undefined
    ? { ...doubt, what: 'left out' }
    : { ...doubt, what: 'moved', runsAt: new Date(moved).toISOString() };
}

async function doubtOfRepeat({ calendar, zone, change }: Question): Promise<ClockDoubt | undefined> {
  const lengthMs = change.beforeMs - change.afterMs;
  const runs = await elapsesBetween(calendar, change.atMs - lengthMs, change.atMs + lengthMs);
  const again = runs.find((ms) => ms >= change.atMs && runs.includes(ms - lengthMs));
  if (again === undefined || runs.length > 2) return undefined;
  return { zone, local: localText(again + change.afterMs), what: 'doubled', runsAt: new Date(again).toISOString() };
}

/** More in so short a time would be an expression of every few minutes. */
const ELAPSES_MAX = 20;

/** From the one on, and before the other; ms. */
async function elapsesBetween(calendar: string, fromMs: number, beforeMs: number): Promise<readonly number[]> {
  const baseTime = `${utcText(fromMs - 1_000)} UTC`;
  try {
    const all = await nextElapses(calendar, { iterations: ELAPSES_MAX, baseTime });
    return all.map((at) => Date.parse(at)).filter((ms) => ms >= fromMs && ms < beforeMs);
  } catch (error) {
    if (error instanceof CalendarError) return []; // a single day that is over by then
    throw error;
  }
}

function utcText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

function localText(ms: number): string {
  return utcText(ms).slice(0, 16);
}

/** What systemd goes by, whatever TZ says here; undefined: UTC. */
function machineZone(): string | undefined {
  try {
    return /\/zoneinfo\/(.+)$/.exec(realpathSync('/etc/localtime'))?.[1];
  } catch {
    return undefined;
  }
}
