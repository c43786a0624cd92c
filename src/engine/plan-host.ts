/** A host's plan, with its words and its change set. */
import type { InfraError } from '../errors.ts';
import { buildChangeSet } from './build-change-set.ts';
import type { Change } from './change.ts';
import type { ChangeSet } from './change-set.ts';
import type { ChangeReport } from './events.ts';
import { drawHex, drawId, fetchFiles } from './host-agent.ts';
import { pathsToShow, plan } from './plan.ts';
import { withPodmanSecrets } from './podman-secrets.ts';
import type { RunContext } from './run-context.ts';
import type { SurveyedHost } from './survey.ts';

export interface PlannedHost {
  readonly survey: SurveyedHost;
  /** undefined when nothing changes. */
  readonly changeSet: ChangeSet | undefined;
  readonly reports: readonly ChangeReport[];
  /** Whose resources change. */
  readonly roles: readonly string[];
  /** Only when an earlier generation is brought back. */
  readonly restore?: RestoreTerms;
}

/** How bringing back an earlier generation differs from a deployment. */
export interface RestoreTerms {
  /** The serials of that generation's zones. */
  readonly serials: ReadonlyMap<string, number>;
  /** The same again, when the host changed since it was looked at. */
  readonly replan: () => Promise<PlannedHost>;
  /** For people, once it is done. */
  readonly message: string;
  /** It is the undoing of this run's own change, because of this error: it ends as `reverted`. */
  readonly cause?: InfraError;
}

export async function planHost(
  ctx: RunContext,
  survey: SurveyedHost,
  serials: ReadonlyMap<string, number>,
): Promise<PlannedHost> {
  const { observation } = survey;
  const desired = withPodmanSecrets(survey.desired, observation, drawHex);
  const changes = plan({ desired, observation, serials });
  const reports = changes.length === 0 ? [] : await describePlan(ctx, survey, changes);
  const header = { id: drawId(), run: ctx.run, owner: ctx.owner, confirmWithinSec: ctx.options.confirmWithinSec };
  const changeSet = buildChangeSet(header, desired, observation, serials, changes);
  ctx.emit({ event: 'host-plan', host: desired.host.name, changes: reports, resources: desired.resources.length });
  return { survey, changeSet, reports, roles: [...new Set(changes.map(({ role }) => role))] };
}

/** The changes that took place: a command whose output does not match its `changedWhen` ran and changed nothing. */
export function changesDone(planned: PlannedHost, outputs: ReadonlyMap<string, string>): readonly ChangeReport[] {
  const commands = new Map(planned.survey.desired.resources.map(({ resource }) => [resource.id as string, resource]));
  return planned.reports.filter(({ resource, action }) => {
    const command = action === 'run' ? commands.get(resource) : undefined;
    if (command?.kind !== 'command' || command.changedWhen === undefined) return true;
    const output = outputs.get(resource);
    return output === undefined || new RegExp(command.changedWhen, 'm').test(output);
  });
}

/** Words and diffs are loaded, and the files read, only when there is something to tell. */
async function describePlan(
  ctx: RunContext,
  survey: SurveyedHost,
  changes: readonly Change[],
): Promise<readonly ChangeReport[]> {
  const { describeChanges } = await import('./describe.ts');
  return describeChanges(changes, await fetchFiles(survey.connection, pathsToShow(changes), ctx));
}
