/** The places at which tests break the helper: read from its own text, so that a new step is tried by itself. */
import { joinScripts } from './scripts.ts';

/** Points of a change set that is applied, in no order that matters; `images` and `validate` only where there is something to do. */
export function applyPoints(): readonly string[] {
  return pointsIn(['apply', 'images', 'validate', 'slot', 'swap', 'units']).filter((point) => point !== 'archive');
}

/** Points of a revert, by whoever reverts. */
export function revertPoints(): readonly string[] {
  return [...pointsIn(['revert']), 'archive'];
}

/** Points of a confirm, up to the archive. */
export function confirmPoints(): readonly string[] {
  return [...pointsIn(['confirm']), 'archive'];
}

/** Points of an OS upgrade up to the reboot, in the old deployment. */
export function osPoints(): readonly string[] {
  return pointsIn(['os-open', 'os-stage', 'os-go']);
}

/** Points of its end: the trial's begin, the way back, and what ends an upgrade that never left. */
export function osBackPoints(): readonly string[] {
  return [...pointsIn(['os-settle']), 'archive'];
}

function pointsIn(files: readonly string[]): readonly string[] {
  const calls = joinScripts(files).matchAll(/^[^#\n]*\b(?:at_step|step) ([a-z][a-z-]*)/gm);
  return [...new Set([...calls].map(([, point]) => point ?? ''))];
}
