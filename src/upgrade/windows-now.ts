/** May a host's upgrade begin, or go over the point of no return, at this moment? */
import { RefusedError } from '../engine/errors.ts';
import type { Trip, UpgradeJob } from './trip.ts';
import { instantText, mayBegin, windowText } from './window.ts';

/** What a host may take until it is confirmed, at worst. */
export function neededMs({ settings }: Pick<Trip, 'settings'>): number {
  return 1000 * (settings.rebootWithinSec + settings.soakSec);
}

/** Throws RefusedError. */
export function requireWindow(job: UpgradeJob, trip: Pick<Trip, 'host' | 'settings'>, needsMs: number): void {
  const { windows } = trip.settings;
  if (job.ignoreWindows) return;
  const verdict = mayBegin(windows, job.wallMs(), needsMs);
  if (verdict.allowed) return;
  const zone = windows[0]?.zone ?? 'UTC';
  const which = windows.map(windowText).join(', ');
  const { name } = trip.host;
  if (verdict.why === 'closed')
    throw new RefusedError(`${name} was not touched: its window is closed (${which})`, {
      host: name,
      remedy: `${verdict.opensAtMs === undefined ? 'It does not open within two weeks.' : `It opens ${instantText(zone, verdict.opensAtMs)}.`} To upgrade outside of it: --ignore-windows.`,
    });
  throw new RefusedError(
    `it is too late in the window of ${name} (${which}): ${Math.ceil(needsMs / 60_000)} min are needed, and it closes ${instantText(zone, verdict.closesAtMs ?? 0)}`,
    { host: name, remedy: 'Begin earlier, lengthen the window, or go on all the same with --ignore-windows.' },
  );
}
