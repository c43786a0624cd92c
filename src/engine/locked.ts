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

export function slotNoun({ kind }: Pick<SlotState, 'kind'>): string {
  return kind === 'os' ? 'OS upgrade' : 'change set';
}

/** What ends it now, instead of its guard later; without the program's name. An OS upgrade, or a rollback, is one of the whole roll-out. */
export function endingCommand(host: string, { kind }: Pick<SlotState, 'kind'>): string {
  return kind === 'os' ? 'upgrade --abort' : `revert ${host}`;
}

export function slotMessage(host: string, slot: SlotState): string {
  const deadline =
    slot.deadlineInSec === undefined || slot.state === 'failed'
      ? ''
      : `; the guard ${slot.kind === 'os' ? 'ends' : 'reverts'} it in ${Math.max(0, slot.deadlineInSec)} s unless it is confirmed`;
  return `${host} is in the middle of ${slotNoun(slot)} ${slot.id} of ${slot.owner} (run ${slot.run}), which is ${slot.state}${deadline}`;
}
