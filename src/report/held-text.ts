/** Who holds a host, since when and until when, before somebody takes that away. Pure. */
import { endingCommand, slotNoun } from '../engine/locked.ts';
import type { LeaseState, SlotState } from '../engine/observation.ts';
import { printable } from './sanitize.ts';
import { secondsLeft } from './status-cells.ts';

export interface HeldInput {
  readonly lease: LeaseState | undefined;
  readonly slot: SlotState | undefined;
  readonly reason: string;
}

export function heldLines(name: string, { lease, slot, reason }: HeldInput): readonly string[] {
  return [
    ...(lease === undefined ? [] : leaseLines(name, lease)),
    ...(slot === undefined ? [] : slotLines(name, slot, reason)),
  ];
}

function leaseLines(name: string, { owner, run, purpose, heldForSec, expiresInSec }: LeaseState): readonly string[] {
  return [
    `${name} is locked by ${printable(owner)} (run ${printable(run)}: ${printable(purpose)})`,
    `  since ${secondsLeft(heldForSec)}; it ends by itself in ${secondsLeft(expiresInSec)} unless that run renews it`,
    '  If that run is alive, it is refused at its next step, and its change is undone.',
  ];
}

function slotLines(name: string, slot: SlotState, reason: string): readonly string[] {
  const { id, owner, run, state, deadlineInSec, kind } = slot;
  const why = reason === '' ? '' : `: ${printable(reason)}`;
  const what = `${name} has ${kind === 'os' ? 'an' : 'a'} ${slotNoun(slot)} open: ${printable(id)} of ${printable(owner)} (run ${printable(run)}), ${printable(state)}${why}`;
  if (state === 'failed') return [what, '  Its record is kept under /var/lib/coreos-infra/failed on the host.'];
  return deadlineInSec === undefined ? [what] : [what, `  the guard ends it in ${secondsLeft(deadlineInSec)}`];
}

/** A lock is not what keeps it open. */
export function stillOpenLine(name: string, slot: SlotState, commandLine: (words: string) => string): string {
  return `  To end it now: ${commandLine(endingCommand(name, slot))}`;
}
