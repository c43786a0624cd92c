/** One play: survey all hosts, decide, and change those that differ, in order. */
import { InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import { selectHosts } from '../inventory/pattern.ts';
import type { Play } from '../playbook/define.ts';
import { resolveSecrets } from '../secrets/resolve.ts';
import { isResolved } from '../secrets/secret.ts';
import type { Availability } from './availability.ts';
import { mapBounded } from './concurrency.ts';
import { type DesiredHost, desiredHost, selectRoles } from './desired.ts';
import { statusOfError } from './error-report.ts';
import { DesiredStateError, HostLockedError, ProbeFailedError, type RefusedError } from './errors.ts';
import { failedProbes, judgeProbes, probeLines, probeUntil, tellProbes } from './judge.ts';
import { openSlot, slotMessage } from './locked.ts';
import { type PlannedHost, planHost } from './plan-host.ts';
import { finishHost, isFailure, type PlayHost } from './play-host.ts';
import { secretsOf } from './podman-secrets.ts';
import { checkStrategy } from './rollout.ts';
import type { RunContext } from './run-context.ts';
import { decideSerials } from './serials.ts';
import { isSurveyed, reobserve, type Survey, type SurveyedHost, surveyHost } from './survey.ts';

export interface PreparedPlay {
  readonly play: Play;
  readonly members: readonly Host[];
  readonly desired: readonly DesiredHost[];
  /** Members outside --limit. */
  readonly outside: readonly DesiredHost[];
}

/** Everything that can be wrong before a host is asked. Throws; nothing was touched. */
export function preparePlay(ctx: RunContext, play: Play): PreparedPlay {
  const members = selectHosts(ctx.inventory, play.hosts);
  const targets =
    ctx.options.limit === undefined ? members : selectHosts(ctx.inventory, play.hosts, { limit: ctx.options.limit });
  checkStrategy(
    play.strategy,
    members.map(({ name }) => name),
  );
  const uses = selectRoles(play, ctx.options);
  if (uses.length === 0 && play.roles.length > 0) {
    throw new DesiredStateError(
      `no role of the play on ${play.hosts} has the tags ${ctx.options.tags.join(', ')} (and none of ${ctx.options.skipTags.join(', ') || 'those skipped'})`,
      {
        remedy: `Tags here: ${[...new Set(play.roles.flatMap((use) => [use.role.name, ...use.tags]))].join(', ')}`,
      },
    );
  }
  const describe = (host: Host): DesiredHost =>
    desiredHost(host, { uses, members, inventory: ctx.inventory, zones: ctx.zones });
  const outside = members.filter((member) => !targets.includes(member));
  return { play, members, desired: targets.map(describe), outside: outside.map(describe) };
}

export interface PlayResult {
  readonly hosts: readonly PlayHost[];
  readonly availability?: Availability;
}

export async function runPlay(ctx: RunContext, prepared: PreparedPlay): Promise<PlayResult> {
  const { play, members, desired } = prepared;
  // Read by runPlaybook for all plays at once; an upgrade runs single plays.
  await resolveSecrets(secretsOf(desired).filter((secret) => !isResolved(secret)));
  ctx.emit({
    event: 'play-started',
    ...(play.from === undefined ? {} : { name: play.from }),
    pattern: play.hosts,
    hosts: desired.map(({ host }) => host.name),
    roles: play.roles.map(({ role }) => role.name),
  });
  const surveys = await mapBounded(desired, ctx.options.forks, (one) => surveyUnlocked(ctx, one));
  const reached = surveys.filter(isSurveyed);
  try {
    const ended: PlayHost[] = surveys.flatMap((survey) =>
      isSurveyed(survey)
        ? []
        : [
            finishHost(ctx, survey.desired, {
              status: statusOfError(survey.error),
              startedMs: survey.startedMs,
              error: survey.error,
            }),
          ],
    );
    const serials = await decideSerials(ctx, reached, members);
    const planned = await planAll(ctx, reached, serials, ended);
    const differing = planned.filter(({ changeSet }) => changeSet !== undefined);
    const same = planned.filter(({ changeSet }) => changeSet === undefined);
    ended.push(...(await Promise.all(same.map((one) => endUnchanged(ctx, one.survey, serials, reached)))));
    if (ctx.options.check || differing.length === 0) {
      if (differing.length > 0) await foresee(ctx, differing, reached);
      ended.push(
        ...differing.map(({ survey, reports }) =>
          finishHost(ctx, survey.desired, { status: 'changed', startedMs: survey.startedMs, changes: reports }),
        ),
      );
      return { hosts: inOrder(desired, ended) };
    }
    const closed = await askGates(ctx, play);
    if (closed !== undefined) {
      ended.push(...differing.map(({ survey }) => refuse(ctx, survey, closed)));
      return { hosts: inOrder(desired, ended) };
    }
    const { changeHosts } = await import('./change-hosts.ts');
    const { hosts, availability } = await changeHosts(ctx, {
      play,
      planned: differing,
      surveys,
      outside: prepared.outside,
      serials,
      failedBefore: ended.filter(isFailure).length,
    });
    return { hosts: inOrder(desired, [...ended, ...hosts]), ...(availability === undefined ? {} : { availability }) };
  } finally {
    await Promise.all(reached.map(({ connection }) => connection.close()));
  }
}

async function askGates(ctx: RunContext, { gates }: Play): Promise<RefusedError | undefined> {
  if (gates.length === 0) return undefined;
  const { proveGates } = await import('./gates.ts');
  return proveGates(ctx, gates);
}

function refuse(ctx: RunContext, { desired, startedMs }: SurveyedHost, error: RefusedError): PlayHost {
  return finishHost(ctx, desired, { status: 'refused', startedMs, error });
}

function inOrder(desired: readonly DesiredHost[], ended: readonly PlayHost[]): readonly PlayHost[] {
  return desired.flatMap(({ host }) => ended.filter((one) => one.host === host.name));
}

/** A host in the middle of another run's change set is not judged: its files and answers of this moment mean nothing. */
async function surveyUnlocked(ctx: RunContext, desired: DesiredHost): Promise<Survey> {
  let survey = await surveyHost(ctx, desired);
  const deadline = ctx.now() + ctx.options.waitLockSec * 1000;
  for (;;) {
    const slot = isSurveyed(survey) ? openSlot(survey.observation.slot) : undefined;
    if (!isSurveyed(survey) || slot === undefined) return survey;
    if (ctx.now() >= deadline || ctx.signal.aborted) {
      await survey.connection.close();
      const { name } = desired.host;
      const remedy =
        slot.state === 'failed'
          ? `Look at the host, then end it: run unlock ${name}`
          : `It ends by itself. Wait for it with --wait-lock SECONDS, or see: run status ${name}`;
      return {
        desired,
        startedMs: survey.startedMs,
        error: new HostLockedError(slotMessage(name, slot), { host: name, remedy }),
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    survey = await reobserve(ctx, survey);
  }
}

/** Hosts that cannot be planned are put on `ended`. */
async function planAll(
  ctx: RunContext,
  reached: readonly SurveyedHost[],
  serials: ReadonlyMap<string, number>,
  ended: PlayHost[],
): Promise<readonly PlannedHost[]> {
  const planned: PlannedHost[] = [];
  for (const survey of reached) {
    try {
      planned.push(await planHost(ctx, survey, serials));
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      ended.push(finishHost(ctx, survey.desired, { status: statusOfError(error), startedMs: survey.startedMs, error }));
    }
  }
  return planned;
}

/** In check mode: what would be refused. Asked of the hosts of the run only. */
async function foresee(
  ctx: RunContext,
  differing: readonly PlannedHost[],
  reached: readonly SurveyedHost[],
): Promise<void> {
  const { checkPreconditions } = await import('./preconditions.ts');
  for (const one of differing) await checkPreconditions(ctx, one, reached);
}

/** As described; but does it serve? In check mode probes are shown and not judged. */
async function endUnchanged(
  ctx: RunContext,
  survey: SurveyedHost,
  serials: ReadonlyMap<string, number>,
  reached: readonly SurveyedHost[],
): Promise<PlayHost> {
  const { desired, observation, startedMs } = survey;
  const probes = desired.probes(serials);
  let results = judgeProbes(probes, await survey.early, observation);
  // Once more before it is called failed: a packet may be lost, and a service may just have been started.
  if (failedProbes(results).length > 0 && !ctx.options.check) {
    const others = reached.filter((other) => other !== survey);
    const vantages = [...others, survey].map((one) => ({ name: one.desired.host.name, connection: one.connection }));
    const answers = await probeUntil(ctx, probes, Math.min(3_000, ctx.deadlines.probesMs), vantages);
    results = judgeProbes(probes, answers, observation);
  }
  tellProbes(ctx, desired.host.name, results);
  const failed = failedProbes(results);
  if (failed.length === 0 || ctx.options.check) return finishHost(ctx, desired, { status: 'ok', startedMs });
  const { name } = desired.host;
  const error = new ProbeFailedError(`${name} is as described but does not serve`, {
    host: name,
    detail: probeLines(results),
    remedy: `See what the service says on ${name}: sudo journalctl -n 50 -u its unit; or restart it there.`,
  });
  return finishHost(ctx, desired, { status: 'failed', startedMs, error });
}
