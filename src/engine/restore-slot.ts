/** Ends the change set that is open on a host: the host puts its old files back now, and does not wait for its guard. */
import { revertCall } from '../host/verbs.ts';
import type { Connection } from '../ssh/transport.ts';
import type { DesiredHost } from './desired.ts';
import { HostLockedError, OutcomeUnknownError, ProbeFailedError } from './errors.ts';
import { readOutcome } from './host-apply.ts';
import type { HostRole } from './host-roles.ts';
import { failedProbes, judgeUnits, probeLines, probeUntil } from './judge.ts';
import { slotMessage } from './locked.ts';
import type { SlotState } from './observation.ts';
import { finishHost, type PlayHost } from './play-host.ts';
import { hasConfirmed, memberProbes } from './redundancy.ts';
import type { RunContext } from './run-context.ts';
import { reobserve } from './survey.ts';
import { callHost } from './verb.ts';

export interface EndSlotInput {
  readonly desired: DesiredHost;
  /** What the playbooks describe on the host, role by role: what is asked afterwards. */
  readonly roles: readonly HostRole[];
  readonly connection: Connection;
  readonly slot: SlotState;
  readonly startedMs: number;
}

export async function endOpenSlot(ctx: RunContext, input: EndSlotInput): Promise<PlayHost> {
  const { desired, connection, slot, startedMs } = input;
  const { host } = desired;
  const what = slotMessage(host.name, slot);
  if (ctx.options.check)
    return finishHost(ctx, desired, { status: 'ok', startedMs, message: `${what}; that would be undone now` });
  if (ctx.confirm !== undefined && !(await ctx.confirm(`${what}. Undo it now?`)))
    return finishHost(ctx, desired, { status: 'skipped', startedMs, message: 'not confirmed' });
  ctx.emit({ event: 'host-step', host: host.name, step: 'revert', message: `undoing change set ${slot.id}` });
  await callHost(ctx, connection, revertCall(slot.id), 'reverting', ctx.deadlines.applyMs);
  const { word } = await readOutcome(ctx, host, { id: slot.id, confirmWithinSec: 0 }, { final: true });
  if (word === 'reverted') return endReverted(ctx, input);
  if (word === 'confirmed')
    throw new HostLockedError(`change set ${slot.id} on ${host.name} was confirmed before it could be undone`, {
      host: host.name,
      remedy: `To go back all the same: run revert ${host.name} once more, which brings the generation before back.`,
    });
  throw new OutcomeUnknownError(`${host.name}: change set ${slot.id} is ${word ?? 'not to be asked for'}`, {
    host: host.name,
    remedy: `The host goes on trying by itself. Look at it: run status ${host.name}`,
  });
}

/** The revert is itself proven: the host serves what its last confirmed generation promises. */
async function endReverted(ctx: RunContext, input: EndSlotInput): Promise<PlayHost> {
  const { desired, roles, connection, slot, startedMs } = input;
  const { name } = desired.host;
  const { observation } = await reobserve(ctx, { desired, connection, early: Promise.resolve([]), startedMs });
  const to = observation.generation === 0 ? 'what was there before' : `generation ${observation.generation}`;
  const confirmed = roles.filter((role) => hasConfirmed(role.desired, observation));
  const probes = confirmed.flatMap((role) => memberProbes(role.desired, observation));
  const results = judgeUnits(probes, await probeUntil(ctx, probes, 10_000, [{ name, connection }]), observation);
  if (failedProbes(results).length > 0)
    throw new ProbeFailedError(`${name} is back on ${to}, but does not serve`, {
      host: name,
      detail: probeLines(results),
      remedy: `See what is wrong: run status ${name}`,
    });
  return finishHost(ctx, desired, {
    status: 'changed',
    startedMs,
    message: `change set ${slot.id} of ${slot.owner} is undone, back on ${to}`,
  });
}
