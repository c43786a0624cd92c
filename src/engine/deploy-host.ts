/** One host, from its plan to its end: install what guards it, apply, prove by probes, confirm over a fresh connection, or revert. */
import { InfraError } from '../errors.ts';
import { helperVersion } from '../host/helper.ts';
import { confirmCall, installCall, revertCall } from '../host/verbs.ts';
import type { Vantage } from '../probes/via-host.ts';
import { sudo } from '../ssh/sudo.ts';
import type { Connection } from '../ssh/transport.ts';
import { type Bystanders, passingAgain } from './bystanders.ts';
import type { ChangeSet } from './change-set.ts';
import { ApplyError, HostLockedError, OutcomeUnknownError, ProbeFailedError } from './errors.ts';
import type { HostStatus } from './events.ts';
import { type ApplyOutcome, applyChangeSet, readOutcome } from './host-apply.ts';
import { failedProbes, probeLines, probeUntil, tellProbes } from './judge.ts';
import type { RunContext } from './run-context.ts';
import type { SurveyedHost } from './survey.ts';
import { callFor, callHost } from './verb.ts';

export interface DeployInput {
  readonly survey: SurveyedHost;
  readonly changeSet: ChangeSet;
  readonly serials: ReadonlyMap<string, number>;
  /** Of the lease on this host. */
  readonly token: string;
  /** The host refuses at `go` when this script says that it serves (a repair without the leases of all peers). */
  readonly unlessServes?: string;
  /** Where the service is asked from when this machine cannot reach it. */
  readonly vantages: readonly Vantage[];
  /** The host's other services, as they answered before the change. */
  readonly bystanders: Promise<Bystanders>;
  /** Proves the peers, between `ready` and `go`. Throws RefusedError, HostLockedError or InterruptedError. */
  readonly provePeers: () => Promise<void>;
}

export interface DeployResult {
  readonly status: HostStatus;
  readonly error?: InfraError;
  /** A target was no longer what the plan saw: nothing was touched, plan anew. */
  readonly stale?: boolean;
  /** What follows after the status, for people. */
  readonly message?: string;
  /** What commands printed, by resource id: decides their `changedWhen`. */
  readonly outputs?: ReadonlyMap<string, string>;
}

/** Never throws for what a host or link does: every end is a status, told by what was read from the host. */
export async function deployHost(ctx: RunContext, input: DeployInput): Promise<DeployResult> {
  try {
    if (input.survey.observation.facts.helperVersion !== helperVersion(ctx.helper)) await installHelper(ctx, input);
    let outcome = await apply(ctx, input);
    if (outcome.state === 'untouched' && outcome.code === 'helper') {
      // It says that it is ours, and its hash says that somebody changed it: put it right, once.
      await installHelper(ctx, input);
      outcome = await apply(ctx, input);
    }
    if (outcome.state !== 'applied') return await endedEarly(ctx, input, outcome);
    return { ...(await proveApplied(ctx, input)), outputs: outcome.outputs };
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    const { statusOfError } = await import('./error-report.ts');
    return { status: statusOfError(error), error };
  }
}

function apply(
  ctx: RunContext,
  { survey, changeSet, token, unlessServes, provePeers }: DeployInput,
): Promise<ApplyOutcome> {
  const { host } = survey.desired;
  return applyChangeSet(ctx, host, survey.connection, changeSet, {
    token,
    ...(unlessServes === undefined ? {} : { unlessServes }),
    onStep: (step, message) => ctx.emit({ event: 'host-step', host: host.name, step, message }),
    beforeGo: provePeers,
  });
}

/** A step of its own before the first change set; a run without changes installs nothing. */
async function installHelper(ctx: RunContext, { survey }: DeployInput): Promise<void> {
  ctx.emit({ event: 'host-step', host: survey.desired.host.name, step: 'install', message: 'installing the guard' });
  await callFor(ctx, survey.connection, installCall(ctx.helper), 'installing the guard', 'installed', 60_000);
}

async function endedEarly(
  ctx: RunContext,
  input: DeployInput,
  outcome: Exclude<ApplyOutcome, { readonly state: 'applied' }>,
): Promise<DeployResult> {
  const host = input.survey.desired.host.name;
  if (outcome.state === 'unknown') return unknown(host, outcome.message, outcome.detail);
  const options = { host, detail: outcome.detail, remedy: outcome.remedy };
  if (outcome.code === 'locked') return { status: 'locked', error: new HostLockedError(outcome.message, options) };
  const error = new ApplyError(outcome.message, options);
  if (outcome.state === 'untouched') return { status: 'failed', error, stale: outcome.code === 'stale' };
  return { status: 'reverted', error, message: await servesAgain(ctx, input) };
}

/** The service itself is asked; then, over a fresh connection, the change is confirmed: proof that the host can still be reached. */
async function proveApplied(ctx: RunContext, input: DeployInput): Promise<DeployResult> {
  const { survey, serials } = input;
  const { name, address } = survey.desired.host;
  const probes = survey.desired.probes(serials);
  ctx.emit({
    event: 'host-step',
    host: name,
    step: 'verify',
    message: `asking ${probes.length} probes on ${address} · the guard reverts in ${input.changeSet.confirmWithinSec} s`,
  });
  const results =
    probes.length === 0
      ? []
      : await probeUntil(
          ctx,
          probes,
          Math.min(ctx.deadlines.probesMs, (input.changeSet.confirmWithinSec * 1000) / 2),
          input.vantages,
        );
  tellProbes(ctx, name, results);
  if (failedProbes(results).length === 0) return (await harmed(ctx, input)) ?? confirm(ctx, input);
  const error = new ProbeFailedError('the service does not answer as it should after the change', {
    host: name,
    detail: [...probeLines(results), ...(await unitWords(ctx, input))],
    remedy: 'Correct the playbook or inventory, then run it again.',
  });
  return revert(ctx, input, error);
}

/** A service that the change did not restart has no reason to be away for longer. ms */
const OTHERS_MS = 15_000;

/** Other services of the host that answered before the change and do not any more; undefined: none. */
async function harmed(ctx: RunContext, input: DeployInput): Promise<DeployResult | undefined> {
  const withinMs = Math.min(ctx.deadlines.probesMs, OTHERS_MS, (input.changeSet.confirmWithinSec * 1000) / 4);
  const results = await passingAgain(ctx, await input.bystanders, withinMs, input.vantages);
  if (failedProbes(results).length === 0) return undefined;
  tellProbes(ctx, input.survey.desired.host.name, failedProbes(results));
  const services = [...new Set(failedProbes(results).map(({ service }) => service))].join(', ');
  const error = new ProbeFailedError(`the change breaks another service of the host: ${services}`, {
    host: input.survey.desired.host.name,
    detail: probeLines(results),
    remedy:
      'It answered before. Correct the playbook or inventory, then run it again; if it is meant to go, take its role out of its playbook first.',
  });
  return revert(ctx, input, error);
}

/** What the units of the change set said in this minute: first of all what sounds like a complaint. */
async function unitWords(ctx: RunContext, { survey, changeSet }: DeployInput): Promise<readonly string[]> {
  const units = [...new Set(changeSet.units.map(({ unit }) => unit))];
  if (units.length === 0) return [];
  const command = sudo([
    'journalctl',
    '-q',
    '--no-pager',
    '-o',
    'cat',
    '-n',
    '200',
    '--since',
    '-1min',
    ...units.flatMap((unit) => ['-u', unit]),
  ]);
  try {
    const { stdout } = await survey.connection.exec(command, {
      what: 'reading the journal',
      timeoutMs: ctx.deadlines.confirmMs,
    });
    const lines = stdout
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
    const complaints = lines.filter((line) =>
      /error|fatal|fail|cannot|could not|denied|refused|in use|panic|invalid/i.test(line),
    );
    return (complaints.length > 0 ? complaints : lines).slice(-8);
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return [];
  }
}

async function confirm(ctx: RunContext, input: DeployInput): Promise<DeployResult> {
  const { survey, changeSet } = input;
  const { host } = survey.desired;
  ctx.emit({ event: 'host-step', host: host.name, step: 'confirm', message: 'confirming over a fresh connection' });
  const why = await askToConfirm(ctx, input);
  if (why === undefined) return { status: 'changed' };
  // R9: only a final state that was read counts. A late confirm may still run, the guard may already have reverted.
  ctx.emit({ event: 'host-step', host: host.name, step: 'outcome', message: 'waiting to learn how the change ended' });
  const outcome = await readOutcome(ctx, host, changeSet, { final: true });
  if (outcome.word === 'confirmed') return { status: 'changed' };
  if (outcome.word !== 'reverted') return unknown(host.name, `the change could not be confirmed: ${why}`, []);
  const error = new ApplyError(`the change could not be confirmed and was undone by the host: ${why}`, {
    host: host.name,
    remedy: 'See why the host could not be reached, then run the same command again.',
  });
  return { status: 'reverted', error, message: await servesAgain(ctx, input) };
}

/** How often the host is asked to confirm when the link fails, and how long is waited in between, ms. */
const CONFIRM_TRIES = 3;
const CONFIRM_PAUSE_MS = 500;

/** One lost packet must not undo a proven change: repeated, a confirm gets the same answer (docs/protocol.md). Returns why it is not confirmed. */
async function askToConfirm(ctx: RunContext, { survey, changeSet }: DeployInput): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      const last = await withFresh(ctx, survey, async (connection) =>
        (await callHost(ctx, connection, confirmCall(changeSet.id, changeSet.bootId), 'confirming')).at(-1),
      );
      if (last?.kind === 'confirmed') return undefined;
      return last?.kind === 'error' ? last.message : 'the host did not say so';
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      if (tries === CONFIRM_TRIES) return error.message;
      await new Promise((resolve) => setTimeout(resolve, CONFIRM_PAUSE_MS));
    }
  }
}

/** Asked for at once; should that fail, the guard does it by itself, and what is read decides. */
async function revert(ctx: RunContext, input: DeployInput, cause: InfraError): Promise<DeployResult> {
  const { survey, changeSet } = input;
  const { host } = survey.desired;
  ctx.emit({ event: 'host-step', host: host.name, step: 'revert', message: 'going back to what was there before' });
  try {
    await withFresh(ctx, survey, (connection) =>
      callHost(ctx, connection, revertCall(changeSet.id), 'reverting', ctx.deadlines.applyMs),
    );
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
  }
  const { word } = await readOutcome(ctx, host, changeSet, { final: true });
  if (word === 'reverted') return { status: 'reverted', error: cause, message: await servesAgain(ctx, input) };
  return unknown(
    host.name,
    `${cause.message}; it could not be put back (${word ?? 'it cannot be asked'})`,
    cause.detail,
  );
}

/** Words for the report: does the host serve what it served before? */
async function servesAgain(ctx: RunContext, { survey, vantages }: DeployInput): Promise<string> {
  const { hasConfirmed, memberProbes } = await import('./redundancy.ts');
  const { observation, desired } = survey;
  const generation = observation.generation === 0 ? 'what was there before' : `generation ${observation.generation}`;
  if (!hasConfirmed(desired, observation)) return `back to ${generation}`;
  const results = await probeUntil(ctx, memberProbes(desired, observation), 10_000, vantages);
  const failed = failedProbes(results);
  return failed.length === 0
    ? `serving again on ${generation}`
    : `back on ${generation}, but it does not serve: ${failed[0]?.name} ${failed[0]?.detail}`;
}

function unknown(host: string, message: string, detail: readonly string[]): DeployResult {
  return {
    status: 'unknown',
    error: new OutcomeUnknownError(`${host}: ${message}`, {
      host,
      detail,
      remedy: `The host ends the change by itself. Look at it: run status ${host}; then run the same command again.`,
    }),
  };
}

async function withFresh<T>(
  ctx: RunContext,
  survey: SurveyedHost,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await ctx.transport.connect(survey.desired.host, { timeoutMs: ctx.deadlines.connectMs });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
