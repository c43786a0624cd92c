/** Who holds a host, in words. Pure. */
import type { Holder } from '../host/steps.ts';
import type { SlotState } from './observation.ts';

export function lockedMessage(host: string, holder: Holder | undefined, otherwise: string): string {
  if (holder === undefined) return `${host} is locked: ${otherwise}`;
  const since = holder.heldForSec === undefined ? '' : `, held for ${holder.heldForSec} s`;
  const until =
    holder.expiresInSec === undefined ? '' : `, at most ${Math.max(0, holder.expiresInSec)} s more unless renewed`;
  return `${host} is locked by ${holder.owner} (run ${holder.run}: ${holder.purpose})${since}${until}`;
}

/** A change set that is not ended locks the host, whatever became of the run that opened it. */
export function openSlot(slot: SlotState | undefined): SlotState | undefined {
  return slot === undefined || slot.state === 'confirmed' || slot.state === 'reverted' ? undefined : slot;
}

export function slotMessage(host: string, slot: SlotState): string {
  const deadline =
    slot.deadlineInSec === undefined || slot.state === 'failed'
      ? ''
      : `; the guard reverts it in ${Math.max(0, slot.deadlineInSec)} s unless it is confirmed`;
  return `${host} is in the middle of change set ${slot.id} of ${slot.owner} (run ${slot.run}), which is ${slot.state}${deadline}`;
}
