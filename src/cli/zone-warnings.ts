/** Doubts about zone files, as a run that uses the zones shows them. */
import type { ZoneProblem } from '../dns/problems.ts';
import { formatLocation } from '../errors.ts';

/** A run is not the place for a long list. */
const SHOWN_MAX = 5;

export interface ShownWarning {
  readonly message: string;
  readonly remedy: string;
}

/** The first few with their file and line; the others are counted. Pure. */
export function zoneWarnings(problems: readonly ZoneProblem[]): readonly ShownWarning[] {
  const shown = problems.slice(0, SHOWN_MAX).map(({ where, message, remedy }) => ({
    message: `${formatLocation(where)}: ${message}`,
    remedy,
  }));
  const left = problems.length - shown.length;
  if (left === 0) return shown;
  return [...shown, { message: `${left} more in the zone files`, remedy: 'All of them: run inventory check' }];
}
