/**
 * After a boot a service may have to come together with its partner before it serves (Kea synchronises its leases). Its partner serves meanwhile, so
 * that the soak need not wait for it; it has a time for that, once, and is then judged like all others.
 */
import { failedProbes } from '../engine/judge.ts';
import type { ProbeResult } from '../probes/types.ts';
import type { Trip } from './trip.ts';

/** As long as services have to come up at all. ms */
const WITHIN_MS = 60_000;

export interface Together {
  /** From when on it is counted, ms. */
  readonly sinceMs: number;
  /** Services that were not together at once. */
  readonly services: readonly string[];
  /** All are; how long that took. undefined: not yet. */
  readonly tookMs?: number;
}

/** What speaks against the release; notes in the trip who is still, or no more, on the way. */
export function failing(
  trip: Pick<Trip, 'together'>,
  results: readonly ProbeResult[],
  nowMs: number,
): readonly ProbeResult[] {
  const failed = failedProbes(results);
  const { sinceMs, services, tookMs } = trip.together ?? { sinceMs: nowMs, services: [] };
  if (tookMs !== undefined) return failed;
  const settling = failed.filter((result) => result.settling === true);
  const all = [...new Set([...services, ...settling.map(({ service }) => service)])];
  trip.together = { sinceMs, services: all, ...(failed.length === 0 ? { tookMs: nowMs - sinceMs } : {}) };
  return nowMs - sinceMs > WITHIN_MS ? failed : withoutSettling(failed);
}

export function isTogether({ together }: Pick<Trip, 'together'>): boolean {
  return together?.tookMs !== undefined;
}

/** What is known for good. */
export function withoutSettling(results: readonly ProbeResult[]): readonly ProbeResult[] {
  return results.filter(({ settling }) => settling !== true);
}

/** Of those that were waited for. */
export function ofServices(
  results: readonly ProbeResult[],
  { together }: Pick<Trip, 'together'>,
): readonly ProbeResult[] {
  return results.filter(({ service }) => together?.services.includes(service) === true);
}
