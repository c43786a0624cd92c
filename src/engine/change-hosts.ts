/** The roll-out of a play: hosts that differ are changed batch by batch, under the leases of their group, while their peers serve. */
import { InfraError } from '../errors.ts';
import type { Play } from '../playbook/define.ts';
import { type Availability, startAvailability } from './availability.ts';
import { otherProbes, passing, withOtherServices } from './bystanders.ts';
import { mapBounded } from './concurrency.ts';
import { type DeployResult, deployHost } from './deploy-host.ts';
import type { DesiredHost } from './desired.ts';
import { statusOfError } from './error-report.ts';
import { HostLockedError, InterruptedError } from './errors.ts';
import { Leases } from './leases.ts';
import { Members, type StandIns } from './members.ts';
import { changesDone, type PlannedHost, type RestoreTerms } from './plan-host.ts';
import { planRest } from './plan-rest.ts';
import { finishHost, isFailure, type PlayHost } from './play-host.ts';
import { checkPreconditions } from './preconditions.ts';
import { lookAgain, provePeers } from './prove-peers.ts';
import { redundancyGroup } from './redundancy.ts';
import { rolloutBatches } from './rollout.ts';
import type { RunContext } from './run-context.ts';
import { servesScript } from './serves-script.ts';
import { type Survey, surveyHost } from './survey.ts';
import { enterStates, TemporaryStates } from './temporary-states.ts';

export interface RolloutInput {
  readonly play: Play;
  /** The hosts that differ. */
  readonly planned: readonly PlannedHost[];
  /** Of all hosts of the play that the run covers, reached or not. */
  readonly surveys: readonly Survey[];
  /** Members outside --limit: they stand in for the others, and are not changed. */
  readonly outside: readonly DesiredHost[];
  readonly serials: ReadonlyMap<string, number>;
  /** Hosts that failed before the roll-out began. */
  readonly failedBefore: number;
}

type Input = Pick<RolloutInput, 'play' | 'planned' | 'serials' | 'failedBefore'>;

export interface RolloutResult {
  readonly hosts: readonly PlayHost[];
  readonly availability?: Availability;
}

export async function changeHosts(ctx: RunContext, input: RolloutInput): Promise<RolloutResult> {
  const names = input.planned.map(({ survey }) => survey.desired.host.name);
  if (ctx.confirm !== undefined && !(await ctx.confirm(`Change ${names.join(', ')}?`)))
    return { hosts: input.planned.map((one) => skip(ctx, one, 'not confirmed')) };
  const outside = await mapBounded(input.outside, ctx.options.forks, (desired) => surveyHost(ctx, desired));
  const surveys = await Promise.all([...input.surveys, ...outside].map((survey) => withOtherServices(ctx, survey)));
  const group = redundancyGroup(
    ctx.inventory,
    input.play.hosts,
    surveys.map(({ desired }) => desired.host),
  );
  try {
    return await rollOut(ctx, input, new Members(ctx, group, surveys));
  } finally {
    await Promise.all(outside.map((survey) => ('connection' in survey ? survey.connection.close() : undefined)));
  }
}

/** What is left once everybody has been asked: the hosts, batch by batch, while `members` stand in. */
export async function rollOut(ctx: RunContext, input: Input, members: StandIns): Promise<RolloutResult> {
  return new Rollout(ctx, input, members).run();
}

function skip(ctx: RunContext, { survey }: PlannedHost, message: string): PlayHost {
  return finishHost(ctx, survey.desired, { status: 'skipped', startedMs: survey.startedMs, message });
}

class Rollout {
  readonly #ctx: RunContext;
  readonly #input: Input;
  readonly #members: StandIns;
  readonly #leases: Leases;
  readonly #touched = new Set<string>();
  /** Hosts that are still to come, as they were planned last. */
  readonly #plans: Map<string, PlannedHost>;
  #serials: ReadonlyMap<string, number>;
  /** Under way while several hosts of a batch find out at once that they have to be planned anew. */
  #anew: Promise<void> | undefined;

  constructor(ctx: RunContext, input: Input, members: StandIns) {
    this.#ctx = ctx;
    this.#input = input;
    this.#members = members;
    this.#serials = input.serials;
    this.#plans = new Map(input.planned.map((one) => [one.survey.desired.host.name, one]));
    this.#leases = new Leases(
      ctx,
      `change of ${input.planned.map(({ survey }) => survey.desired.host.name).join(', ')}`,
    );
  }

  async run(): Promise<RolloutResult> {
    const { planned, play } = this.#input;
    const health = await Promise.all(this.#members.names.map((name) => this.#members.health(name)));
    const serving = new Set(health.filter(({ serves }) => serves).map(({ name }) => name));
    const loop = await startAvailability(this.#ctx, this.#members.reached, serving);
    const hosts: PlayHost[] = [];
    let failed = this.#input.failedBefore;
    try {
      const order = planned.map(({ survey }) => ({
        name: survey.desired.host.name,
        serves: serving.has(survey.desired.host.name),
      }));
      for (const [index, batch] of rolloutBatches(order, play.strategy).entries()) {
        const these = planned.filter(({ survey }) => batch.includes(survey.desired.host.name));
        const stop = this.#ctx.signal.aborted
          ? 'interrupted before it was begun'
          : failed > play.strategy.maxFailed
            ? 'an earlier host failed'
            : undefined;
        if (stop !== undefined) {
          hosts.push(...these.map((one) => skip(this.#ctx, one, stop)));
          continue;
        }
        if (index > 0) await pause(this.#ctx, play.strategy.pauseSec);
        const ended = await this.#changeBatch(these);
        failed += ended.filter(isFailure).length;
        hosts.push(...ended);
      }
      if (failed > play.strategy.maxFailed && play.onFailure === 'revert-all') {
        const { revertAll } = await import('./revert-all.ts');
        hosts.splice(
          0,
          hosts.length,
          ...(await revertAll(this.#ctx, { hosts, planned, change: (one) => this.#changeBatch([one]) })),
        );
      }
    } finally {
      await this.#leases.release(this.#touched);
    }
    const availability = await loop?.stop();
    return availability === undefined || this.#touched.size === 0 ? { hosts } : { hosts, availability };
  }

  async #changeBatch(batch: readonly PlannedHost[]): Promise<readonly PlayHost[]> {
    const ctx = this.#ctx;
    const targets = new Set(batch.map(({ survey }) => survey.desired.host.name));
    const startedMs = ctx.now();
    try {
      for (const one of batch) await checkPreconditions(ctx, one, this.#members.reached);
      // Refused before any lock is taken, so that a run that cannot go on disturbs nobody.
      const { notes } = await provePeers(this.#ctx, this.#members, targets);
      for (const message of notes) ctx.emit({ event: 'warning', message });
      await this.#leases.acquire(
        this.#members.reached.map(({ desired, connection }) => ({ name: desired.host.name, connection })),
        targets,
      );
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      return batch.map(({ survey }) =>
        finishHost(ctx, survey.desired, { status: statusOfError(error), startedMs, error }),
      );
    }
    const ended = await Promise.all(batch.map((one) => this.#changeHostSafely(one, targets)));
    this.#anew = undefined;
    return ended;
  }

  /** A link that fails while we plan anew ends this host, not the run: nothing was touched then. */
  async #changeHostSafely(planned: PlannedHost, targets: ReadonlySet<string>): Promise<PlayHost> {
    const startedMs = this.#ctx.now();
    try {
      return await this.#changeHost(planned, targets);
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      return finishHost(this.#ctx, planned.survey.desired, { status: statusOfError(error), startedMs, error });
    }
  }

  async #changeHost(planned: PlannedHost, targets: ReadonlySet<string>): Promise<PlayHost> {
    const ctx = this.#ctx;
    const startedMs = ctx.now();
    const { name } = planned.survey.desired.host;
    let current = planned.restore === undefined ? (this.#plans.get(name) ?? planned) : planned;
    let result: DeployResult =
      current.changeSet === undefined ? { status: 'ok' } : await this.#deploy(current, targets);
    if (result.stale === true) {
      current = (await planned.restore?.replan()) ?? (await this.#planAnew(planned));
      result = current.changeSet === undefined ? { status: 'ok' } : await this.#deploy(current, targets);
    }
    this.#plans.delete(name);
    if (result.stale === true)
      result = {
        status: 'locked',
        error: new HostLockedError(
          `${current.survey.desired.host.name} is being changed by somebody else: its files changed twice while we planned`,
          { remedy: 'See who works there, then run the same command again.' },
        ),
      };
    if (result.status === 'changed') await lookAgain(ctx, this.#members, current.survey);
    if (planned.restore !== undefined) result = endOfRestore(planned.restore, result);
    const isTouched = result.status === 'changed' || result.status === 'reverted' || result.status === 'unknown';
    return finishHost(ctx, current.survey.desired, {
      status: result.status,
      startedMs,
      changes: isTouched ? changesDone(current, result.outputs ?? new Map()) : [],
      ...(result.error === undefined ? {} : { error: result.error }),
      ...(result.message === undefined ? {} : { message: result.message }),
    });
  }

  /**
   * Somebody changed the host since it was looked at, perhaps the run whose lock we waited for: all hosts that are still to come are planned
   * once more under our leases, with serials decided anew, or one serial would stand for two contents.
   */
  async #planAnew(planned: PlannedHost): Promise<PlannedHost> {
    const members = this.#members.names.flatMap((name) => this.#ctx.inventory.hosts.get(name) ?? []);
    this.#anew ??= planRest(this.#ctx, [...this.#plans.values()], members).then(({ serials, plans }) => {
      this.#serials = serials;
      for (const one of plans) this.#plans.set(one.survey.desired.host.name, one);
    });
    await this.#anew;
    return this.#plans.get(planned.survey.desired.host.name) ?? planned;
  }

  async #deploy(planned: PlannedHost, targets: ReadonlySet<string>): Promise<DeployResult> {
    const { survey, changeSet, restore } = planned;
    if (changeSet === undefined) throw new Error('a host without changes is not rolled out');
    const { name } = survey.desired.host;
    this.#touched.add(name);
    const reached = new Set(this.#members.reached.map(({ desired }) => desired.host.name));
    const isRepair = this.#members.names.some((member) => !reached.has(member));
    const unlessServes =
      isRepair && !(await this.#members.health(name)).serves
        ? servesScript(survey.desired, survey.observation)
        : undefined;
    const states = new TemporaryStates(this.#ctx, (host) => this.#leases.holding(host));
    const vantages = this.#members.vantages(name);
    const others = otherProbes(this.#ctx, survey.desired, survey.observation).then((probes) =>
      passing(this.#ctx, probes, vantages),
    );
    others.catch(() => {}); // awaited below, in time
    const result = await this.#leases.whileBusy(name, () =>
      deployHost(this.#ctx, {
        survey,
        changeSet,
        serials: restore?.serials ?? this.#serials,
        token: this.#leases.token(name),
        ...(unlessServes === undefined ? {} : { unlessServes }),
        vantages,
        bystanders: others,
        provePeers: async () => {
          await others;
          await this.#renewPeers(targets);
          await enterStates(this.#ctx, { states, planned, targets, members: this.#members });
          await provePeers(this.#ctx, this.#members, targets);
        },
      }),
    );
    const notLeft = await states.leave();
    return notLeft === undefined ? result : this.#stateStays(name, result, notLeft);
  }

  /** The change has ended as it has; that a state of ours did not end as it should is told beside it. */
  #stateStays(host: string, result: DeployResult, error: InfraError): DeployResult {
    if (result.status === 'changed')
      return { ...result, status: 'failed', error, message: 'the change itself is confirmed' };
    this.#ctx.emit({ event: 'warning', host, message: error.message, remedy: error.remedy });
    return result;
  }

  /** R15, between `ready` and `go`: the leases of the others are still ours; that they serve is proven afterwards. */
  async #renewPeers(targets: ReadonlySet<string>): Promise<void> {
    if (this.#ctx.signal.aborted)
      throw new InterruptedError('interrupted before the first write: nothing was touched', {
        remedy: 'Run the same command again.',
      });
    await this.#leases.renew(
      this.#members.reached.map(({ desired }) => desired.host.name).filter((name) => !targets.has(name)),
    );
  }
}

/** A change of this run that is undone by a later change set is `reverted`; should that one fail, the change still stands. */
function endOfRestore({ message, cause }: RestoreTerms, result: DeployResult): DeployResult {
  if (result.status === 'changed' && cause === undefined) return { ...result, message };
  if (result.status === 'changed' && cause !== undefined) return { ...result, status: 'reverted', error: cause };
  return result.status === 'reverted' && cause !== undefined ? { ...result, status: 'failed' } : result;
}

async function pause(ctx: RunContext, seconds: number): Promise<void> {
  if (seconds <= 0) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    const cut = (): void => {
      clearTimeout(timer);
      resolve();
    };
    ctx.signal.addEventListener('abort', cut, { once: true });
  });
}
