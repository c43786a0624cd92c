/** The dialogue of one change set: bundle, `ready`, `go`, `applied`; and what is read from the host when the dialogue breaks off. */
import { InfraError } from '../errors.ts';
import { encodeBundle } from '../host/bundle.ts';
import { type HostErrorCode, type HostStep, parseStep, type SlotWord } from '../host/steps.ts';
import { statusCall } from '../host/verbs.ts';
import type { Host } from '../inventory/model.ts';
import type { Connection, Dialogue } from '../ssh/transport.ts';
import type { ChangeSet } from './change-set.ts';
import { requireSuccess } from './host-agent.ts';
import { remedyFor } from './refusal-remedies.ts';
import type { RunContext } from './run-context.ts';
import { callHost } from './verb.ts';

export type ApplyOutcome =
  /** In place and locally proven; it waits for `confirm`. `outputs`: what commands printed, by id. */
  | { readonly state: 'applied'; readonly outputs: ReadonlyMap<string, string> }
  /** Refused or broken off before the first write, or undone by the host. */
  | {
      readonly state: 'untouched' | 'reverted';
      readonly code: HostErrorCode | 'link-lost';
      readonly message: string;
      readonly detail: readonly string[];
      readonly remedy: string;
    }
  /** Nobody could read how it ended. */
  | { readonly state: 'unknown'; readonly message: string; readonly detail: readonly string[] };

export interface ApplyHooks {
  /** Of the lease on the host: every step there is refused without it. */
  readonly token: string;
  readonly unlessServes?: string;
  /** A step begins: its name, and words for people. */
  readonly onStep: (step: string, message: string) => void;
  /** Between `ready` and `go`: proves what must hold at the moment of the first write. Throws to stop it there. */
  readonly beforeGo?: () => Promise<void>;
}

type Failure = Extract<HostStep, { readonly kind: 'error' }>;

interface Progress {
  armed: boolean;
  applied: boolean;
  reverted: boolean;
  readonly outputs: Map<string, string>;
  failure?: Failure;
  /** What `beforeGo` threw. */
  refusal?: unknown;
}

/** Applies up to `applied`. Throws only what `beforeGo` threw; whatever host and link do is an outcome. */
export async function applyChangeSet(
  ctx: RunContext,
  host: Host,
  connection: Connection,
  changeSet: ChangeSet,
  hooks: ApplyHooks,
): Promise<ApplyOutcome> {
  const progress: Progress = { armed: false, applied: false, reverted: false, outputs: new Map() };
  let lost: unknown;
  try {
    const bundle = encodeBundle(changeSet, {
      token: hooks.token,
      ...(hooks.unlessServes === undefined ? {} : { unlessServes: hooks.unlessServes }),
      ...ctx.helper,
    });
    const dialogue = await connection.start(bundle.command, {
      what: 'applying',
      timeoutMs: ctx.deadlines.applyMs,
    });
    await converse(dialogue, bundle.bytes, hooks, progress);
    requireSuccessUnlessTold(ctx, connection, await dialogue.result, progress);
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    lost = error;
  }
  if (progress.refusal !== undefined) throw progress.refusal;
  if (progress.applied) return { state: 'applied', outputs: progress.outputs };
  const { failure } = progress;
  if (failure !== undefined && (!progress.armed || progress.reverted))
    return told(failure, progress.armed ? 'reverted' : 'untouched');
  if (!progress.armed && lost === undefined)
    return { state: 'unknown', message: 'the host ended the change without a word', detail: [] };
  return afterBreak(ctx, host, changeSet, lost, failure);
}

async function converse(dialogue: Dialogue, bundle: Uint8Array, hooks: ApplyHooks, progress: Progress): Promise<void> {
  // A host that refuses early stops reading: what it said counts, not the broken write.
  const sent = dialogue.write(bundle).catch(() => {});
  for await (const line of dialogue.lines) {
    const step = parseStep(line);
    if (step.kind === 'error') progress.failure ??= step;
    else if (step.kind === 'applied') progress.applied = true;
    else if (step.kind === 'reverted') progress.reverted = true;
    else if (step.kind === 'output') progress.outputs.set(step.id, step.output);
    else if (step.kind === 'ready') await answerReady(dialogue, hooks, progress);
    else if (step.kind === 'step') {
      // From `arm` on there is something on the host that has to end.
      if (step.step === 'arm') progress.armed = true;
      hooks.onStep(step.step, wordsFor(step));
    }
  }
  await sent;
}

/** No `go`, and the host ends the change untouched. */
async function answerReady(dialogue: Dialogue, hooks: ApplyHooks, progress: Progress): Promise<void> {
  try {
    await hooks.beforeGo?.();
  } catch (error) {
    progress.refusal = error;
    dialogue.endInput();
    return;
  }
  await dialogue.write('go\n');
}

/** The helper's own lines say more than its exit code; without any line the code and stderr are all there is. */
function requireSuccessUnlessTold(
  ctx: RunContext,
  connection: Connection,
  result: Awaited<Dialogue['result']>,
  progress: Progress,
): void {
  if (progress.failure === undefined && !progress.applied && progress.refusal === undefined)
    requireSuccess(ctx, connection, result, 'applying');
}

function told(failure: Failure, state: 'untouched' | 'reverted'): ApplyOutcome {
  return {
    state,
    code: failure.error,
    message: failure.message,
    detail: failure.detail,
    remedy: remedyFor(failure.error),
  };
}

function wordsFor(step: Extract<HostStep, { readonly kind: 'step' }>): string {
  switch (step.step) {
    case 'images':
      return `image ${step.what}`;
    case 'validate':
      return `validating ${step.what}`;
    case 'unit':
      return `${step.action} ${step.what}`;
    case 'local-checks':
      return 'watching the units';
    default:
      return step.what === '' ? step.step : `${step.step} ${step.what}`;
  }
}

/** The dialogue broke off after `arm`: only what is read over a new connection counts. */
async function afterBreak(
  ctx: RunContext,
  host: Host,
  changeSet: ChangeSet,
  lost: unknown,
  failure: Failure | undefined,
): Promise<ApplyOutcome> {
  const why = failure?.message ?? (lost instanceof Error ? lost.message : 'the dialogue with the host broke off');
  const detail = failure?.detail ?? [];
  const { word, reason } = await readOutcome(ctx, host, changeSet, { final: false });
  const remedy = failure === undefined ? 'Run the same command again.' : remedyFor(failure.error);
  switch (word) {
    case 'applied':
      return { state: 'applied', outputs: new Map() };
    case 'none':
      return { state: 'untouched', code: 'link-lost', message: why, detail, remedy };
    case 'reverted':
      return {
        state: 'reverted',
        code: failure?.error ?? 'link-lost',
        message: reason === '' ? why : `${why} (${reason})`,
        detail,
        remedy,
      };
    default:
      return {
        state: 'unknown',
        message: `${why}; ${word === undefined ? 'it could not be asked how the change stands' : `the change set is ${word}`}`,
        detail,
      };
  }
}

export interface HostWord {
  /** undefined: the host could not be asked. */
  readonly word: SlotWord | undefined;
  /** Why it was reverted, when the host could write that down. */
  readonly reason: string;
}

/**
 * Asks until the change set has ended (`final`), or at least is applied, for as long as the guard may take. `applied` is not the end:
 * a late confirm may still run, or the guard.
 */
export async function readOutcome(
  ctx: RunContext,
  host: Host,
  changeSet: Pick<ChangeSet, 'id' | 'confirmWithinSec'>,
  { final }: { readonly final: boolean },
): Promise<HostWord> {
  const deadline = ctx.now() + changeSet.confirmWithinSec * 1000 + ctx.deadlines.outcomeMs;
  for (;;) {
    const answer = await readStatus(ctx, host, changeSet.id);
    const { word } = answer;
    if (
      word === 'confirmed' ||
      word === 'reverted' ||
      word === 'failed' ||
      word === 'none' ||
      (word === 'applied' && !final)
    )
      return answer;
    if (ctx.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** How a change set stands, over a connection of its own. */
async function readStatus(ctx: RunContext, host: Host, id: string): Promise<HostWord> {
  let connection: Connection | undefined;
  try {
    connection = await ctx.transport.connect(host, { timeoutMs: ctx.deadlines.connectMs });
    const last = (await callHost(ctx, connection, statusCall(id), 'asking how the change stands')).at(-1);
    return last?.kind === 'status' ? { word: last.state, reason: last.reason } : { word: undefined, reason: '' };
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return { word: undefined, reason: '' };
  } finally {
    await connection?.close();
  }
}
