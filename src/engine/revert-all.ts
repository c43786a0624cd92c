/** `onFailure: 'revert-all'`: after a failure, the hosts that this run has changed and confirmed go back to the generation before. */
import { InfraError } from '../errors.ts';
import type { CommandAction } from './change-set.ts';
import { ofRole } from './desired.ts';
import { ApplyError } from './errors.ts';
import type { ChangeReport } from './events.ts';
import type { PlannedHost } from './plan-host.ts';
import { isFailure, type PlayHost } from './play-host.ts';
import { planRestore } from './restore-plan.ts';
import type { RunContext } from './run-context.ts';

export interface RevertAllInput {
  /** How the hosts of the play ended. */
  readonly hosts: readonly PlayHost[];
  readonly planned: readonly PlannedHost[];
  /** Changes one host under the leases, with its peers proven. */
  readonly change: (planned: PlannedHost) => Promise<readonly PlayHost[]>;
}

/** The last that was changed goes back first. The same hosts, with what they ended as after it. */
export async function revertAll(
  ctx: RunContext,
  { hosts, planned, change }: RevertAllInput,
): Promise<readonly PlayHost[]> {
  const failed = hosts.filter(isFailure).map(({ host }) => host);
  const ended = new Map(hosts.map((one) => [one.host, one]));
  for (const { host } of hosts.filter(({ status }) => status === 'changed').toReversed()) {
    const before = ended.get(host);
    const plan = planned.find(({ survey }) => survey.desired.host.name === host);
    if (before === undefined || plan === undefined) continue;
    const [after] = await goBack(ctx, plan, failed.join(', '), change);
    if (after !== undefined) ended.set(host, { ...after, changes: [...before.changes, ...after.changes] });
  }
  return hosts.map((one) => ended.get(one.host) ?? one);
}

/** Nothing when the host stays as it is, which is said. */
async function goBack(
  ctx: RunContext,
  { survey, changeSet }: PlannedHost,
  failed: string,
  change: RevertAllInput['change'],
): Promise<readonly PlayHost[]> {
  const { desired, connection, observation } = survey;
  const { host } = desired;
  const { generation } = observation;
  const stays = (why: string): readonly PlayHost[] => {
    ctx.emit({
      event: 'warning',
      host: host.name,
      message: `${host.name} stays changed, although the playbook says revert-all: ${why}`,
    });
    return [];
  };
  if (ctx.signal.aborted) return stays('the run was interrupted');
  if (generation === 0) return stays('it has no earlier generation');
  ctx.emit({
    event: 'host-step',
    host: host.name,
    step: 'revert-all',
    message: `going back to generation ${generation}`,
  });
  const message = `went back to generation ${generation}, since ${failed} failed`;
  const cause = new ApplyError(`${host.name} ${message} (onFailure: revert-all)`, {
    host: host.name,
    remedy: `Correct what failed on ${failed}, then run the same command again.`,
  });
  try {
    const { planned, serials, replan } = await planRestore(ctx, {
      host,
      connection,
      generation,
      present: desired.roles.map((role) => ({ role, desired: ofRole(desired, role) })),
      only: desired.roles,
      members: [host],
    });
    const commands = changeSet?.commands ?? [];
    const terms = { serials, replan: async () => withUndo(await replan(), commands), message, cause };
    const back = withUndo(planned, commands);
    if (back.changeSet === undefined) return stays('it already is as that generation was');
    return await change({ ...back, restore: terms });
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return stays(error.message);
  }
}

/** Commands that this run has run are undone, the last first, as a revert of the host would; those without `undo` stay done. */
function withUndo(planned: PlannedHost, ran: readonly CommandAction[]): PlannedHost {
  const { changeSet, reports } = planned;
  if (changeSet === undefined) return planned;
  const undone = ran.filter(({ undo }) => undo !== undefined).toReversed();
  const commands = undone.map(
    ({ id, script, undo = '', timeoutSec }, step): CommandAction => ({
      id,
      script: undo,
      undo: script,
      timeoutSec,
      step,
    }),
  );
  const told = undone.map(({ id }): ChangeReport => ({ resource: id, action: 'run', detail: 'its undo' }));
  return { ...planned, changeSet: { ...changeSet, commands }, reports: [...reports, ...told] };
}
