/** The first look at a host: one connection, one round trip, and beside it the probes of its services. */
import { InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import { runHostProbes } from '../probes/on-host.ts';
import { runProbes } from '../probes/run.ts';
import type { Probe, ProbeResult } from '../probes/types.ts';
import type { Connection, ConnectOptions } from '../ssh/transport.ts';
import type { DesiredHost } from './desired.ts';
import { observe } from './host-agent.ts';
import type { Observation } from './observation.ts';
import { observeRequest } from './request.ts';
import type { RunContext } from './run-context.ts';

export interface SurveyedHost {
  readonly desired: DesiredHost;
  readonly connection: Connection;
  readonly observation: Observation;
  /** Answers of the moment, any serial accepted; in the order of `desired.probes(new Map())`. */
  readonly early: Promise<readonly ProbeResult[]>;
  readonly startedMs: number;
}

export interface UnreachedHost {
  readonly desired: DesiredHost;
  readonly error: unknown;
  readonly startedMs: number;
}

export type Survey = SurveyedHost | UnreachedHost;

export function isSurveyed(survey: Survey): survey is SurveyedHost {
  return 'connection' in survey;
}

/** Connects and observes. Probes are sent at the same moment; the caller waits for them only where it needs them. */
export async function surveyHost(ctx: RunContext, desired: DesiredHost): Promise<Survey> {
  const startedMs = ctx.now();
  const probes = desired.probes(new Map());
  const early = runProbes(probes, { timeoutMs: 2_000, tries: 3 });
  early.catch(() => {});
  let connection: Connection | undefined;
  try {
    connection = await ctx.transport.connect(desired.host, lookOptions(ctx));
    const request = observeRequest(
      desired.resources.map(({ resource }) => resource),
      probes,
    );
    const told = runHostProbes({ name: desired.host.name, connection }, probes);
    told.catch(() => {});
    const observation = await observeWithDeletions(ctx, connection, desired, request);
    ctx.emit({
      event: 'host-observed',
      host: desired.host.name,
      resources: desired.resources.length,
      tookMs: Math.round(ctx.now() - startedMs),
    });
    return { desired, connection, observation, early: withHostAnswers(probes, early, told), startedMs };
  } catch (error) {
    await connection?.close();
    if (error instanceof InfraError) return { desired, error, startedMs };
    throw error;
  }
}

/** A host that an earlier play of this run has just looked at is asked over the same connection. */
function lookOptions({ deadlines, signal }: RunContext): ConnectOptions {
  return { timeoutMs: deadlines.connectMs, signal, reuse: true };
}

/** `direct`: in the order of the probes; those that the host answered itself take the place of what could not be asked from here. */
export async function withHostAnswers(
  probes: readonly Probe[],
  direct: Promise<readonly ProbeResult[]>,
  told: Promise<ReadonlyMap<Probe, ProbeResult>>,
): Promise<readonly ProbeResult[]> {
  const [results, answers] = await Promise.all([direct, told]);
  return results.map((result, index) => answers.get(probes[index] as Probe) ?? result);
}

/** The same host once more, or for the first time, over a connection that is there. Throws what the link does. */
export async function reobserve(ctx: RunContext, survey: Omit<SurveyedHost, 'observation'>): Promise<SurveyedHost> {
  const { desired, connection } = survey;
  const request = observeRequest(
    desired.resources.map(({ resource }) => resource),
    desired.probes(new Map()),
  );
  return { ...survey, observation: await observeWithDeletions(ctx, connection, desired, request) };
}

/** Asks again, once, when the manifest on the host names files that nobody describes any more: they may have to be deleted. */
async function observeWithDeletions(
  ctx: RunContext,
  connection: Connection,
  desired: DesiredHost,
  request: ReturnType<typeof observeRequest>,
): Promise<Observation> {
  const observation = await observe(connection, request, ctx);
  const forgotten = observation.managed.filter(
    (entry) => desired.roles.includes(entry.role) && !observation.paths.has(entry.path),
  );
  if (forgotten.length === 0) return observation;
  const units = forgotten.flatMap(({ unit }) => (unit === '' ? [] : [unit]));
  return observe(
    connection,
    {
      ...request,
      paths: [...request.paths, ...forgotten.map(({ path }) => path)],
      units: [...new Set([...request.units, ...units])],
    },
    ctx,
  );
}

/** Only what serials need of a host outside --limit; undefined when it cannot be asked. */
export async function observeZones(
  ctx: RunContext,
  host: Host,
  zonePaths: readonly string[],
): Promise<Observation | undefined> {
  let connection: Connection | undefined;
  try {
    connection = await ctx.transport.connect(host, lookOptions(ctx));
    return await observe(connection, { paths: zonePaths, units: [], images: [], commands: [], zonePaths }, ctx);
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    ctx.emit({
      event: 'warning',
      host: host.name,
      message: `${host.name} could not be asked for its zone serials: ${error.message}`,
      remedy: 'If it serves a higher serial, the zones get a new one when it is reached again.',
    });
    return undefined;
  } finally {
    await connection?.close();
  }
}
