/** A controller whose clock is set while a host is on trial finds that host's time wrong: that says nothing about the release. Pure. */
import type { ProbeResult } from '../probes/types.ts';

/** Less than this is slewing, or the time that two clocks take to be read; no probe is red for less than its own limit. ms */
const JUMP_MS = 50;

/** The wall clock less the one that nobody sets, ms: it changes only when the wall clock is set. */
export function clockBase(wallMs: number, nowMs: number): number {
  return wallMs - nowMs;
}

/** By how much this machine's clock was set meanwhile, ms, when that alone may be why `failed` failed; undefined: it is not. */
export function blamesOwnClock(failed: readonly ProbeResult[], before: number, base: number): number | undefined {
  const jumpMs = base - before;
  if (Math.abs(jumpMs) < JUMP_MS || failed.length === 0) return undefined;
  return failed.every(({ service }) => service === 'ntp') ? jumpMs : undefined;
}
