/** Temporary states of a change: entered between `ready` and `go`, proven, and left once the change has ended, here or on peers. */
import { InfraError } from '../errors.ts';
import { holdCall, unholdCall } from '../host/verbs.ts';
import type { TemporaryState } from '../playbook/temporary-state.ts';
import type { Connection } from '../ssh/transport.ts';
import { RefusedError, StateNotLeftError } from './errors.ts';
import type { StandIns } from './members.ts';
import type { PlannedHost } from './plan-host.ts';
import type { RunContext } from './run-context.ts';
import { callFor } from './verb.ts';

/** Where a state is to hold: the host, and the lease that it lasts as long as. */
export interface HoldingHost {
  readonly connection: Connection;
  /** Of the lease there. */
  readonly token: string;
}

/** For the link, on top of the scripts' own time, ms. */
const LINK_MS = 5_000;

export class TemporaryStates {
  readonly #ctx: RunContext;
  readonly #find: (host: string) => HoldingHost | undefined;
  readonly #entered: TemporaryState[] = [];

  /** `find`: undefined for hosts that are not connected, or not leased. */
  constructor(ctx: RunContext, find: (host: string) => HoldingHost | undefined) {
    this.#ctx = ctx;
    this.#find = find;
  }

  /** One after the other, in the order given. Throws RefusedError; those that were entered are left by leave(). */
  async enter(states: readonly TemporaryState[]): Promise<void> {
    for (const state of states) {
      try {
        await this.#enter(state);
      } catch (error) {
        if (!(error instanceof InfraError)) throw error;
        throw new RefusedError(`${state.on}: ${state.name} could not be entered`, {
          host: state.on,
          detail: [error.message, ...error.detail],
          remedy: error.remedy,
          cause: error,
        });
      }
    }
  }

  async #enter(state: TemporaryState): Promise<void> {
    const host = this.#find(state.on);
    if (host === undefined)
      throw new RefusedError('its lease is not ours', {
        host: state.on,
        remedy: `See why ${state.on} cannot be asked: run status ${state.on}`,
      });
    this.#ctx.emit({ event: 'host-step', host: state.on, step: 'hold', message: `entering ${state.name}` });
    // Noted before it is asked for: when the answer is lost, it may hold all the same.
    this.#entered.push(state);
    const timeoutMs = state.withinSec * 1000 + LINK_MS;
    await callFor(this.#ctx, host.connection, holdCall(host.token, state), `entering ${state.name}`, 'held', timeoutMs);
  }

  /** The last one first. Never throws for what a host does: the error says which state was not left, or did not end as it should. */
  async leave(): Promise<InfraError | undefined> {
    let first: InfraError | undefined;
    for (const state of this.#entered.splice(0).reverse()) {
      try {
        await this.#leave(state);
      } catch (error) {
        if (!(error instanceof InfraError)) throw error;
        first ??= new StateNotLeftError(
          `${state.on}: ${state.name} was left, but things are not back to normal there`,
          {
            host: state.on,
            detail: [error.message, ...error.detail],
            remedy: `See run status ${state.on}. No further host is touched until the service there is as it should be.`,
            cause: error,
          },
        );
      }
    }
    return first;
  }

  async #leave(state: TemporaryState): Promise<void> {
    const host = this.#find(state.on);
    if (host === undefined) return; // its unit ends with the lease
    this.#ctx.emit({ event: 'host-step', host: state.on, step: 'unhold', message: `leaving ${state.name}` });
    const timeoutMs = state.leftWithinSec * 1000 + this.#ctx.deadlines.confirmMs;
    await callFor(this.#ctx, host.connection, unholdCall(state), `leaving ${state.name}`, 'left', timeoutMs);
  }
}

export interface StatesInput {
  readonly states: TemporaryStates;
  readonly planned: Pick<PlannedHost, 'survey' | 'roles' | 'changeSet'>;
  /** All hosts that are being changed at this moment. */
  readonly targets: ReadonlySet<string>;
  readonly members: StandIns;
}

/** What the change of a host needs for a while. A host that does not serve takes part in nothing that could be handed over. Throws RefusedError. */
export async function enterStates(ctx: RunContext, { states, planned, targets, members }: StatesInput): Promise<void> {
  const { desired } = planned.survey;
  const { name } = desired.host;
  const wanted = planned.roles
    .flatMap((role) => desired.temporaryStates?.(role) ?? [])
    .filter(({ when, on }) => when !== 'stop' && (on === name || !targets.has(on)))
    .filter(({ only }) => only === undefined || actsOn(planned, only));
  const involved = new Set(wanted.flatMap(({ on }) => [name, on]));
  const health = await Promise.all([...involved].map((host) => members.health(host)));
  const serving = new Set(health.filter(({ serves }) => serves).map((one) => one.name));
  try {
    await states.enter(wanted.filter(({ on }) => serving.has(name) && serving.has(on)));
  } catch (error) {
    if (!(error instanceof InfraError) || !ctx.options.forceUnsafe) throw error;
    ctx.emit({ event: 'warning', message: `${error.message}. Touched all the same, because of --force-unsafe.` });
  }
}

/** What is done to units is known from the change set. */
function actsOn(
  { changeSet }: StatesInput['planned'],
  { unit, actions }: NonNullable<TemporaryState['only']>,
): boolean {
  const asked: readonly string[] = actions;
  return changeSet?.units.some((one) => one.unit === unit && asked.includes(one.action)) === true;
}
