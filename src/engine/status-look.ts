/** One look at one host: a connection, a round trip, and beside them the questions to its services. */
import { InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import { runHostProbes } from '../probes/on-host.ts';
import { runProbes } from '../probes/run.ts';
import type { Probe, ProbeResult } from '../probes/types.ts';
import type { Connection } from '../ssh/transport.ts';
import { observe } from './host-agent.ts';
import type { HostRole } from './host-roles.ts';
import type { Observation } from './observation.ts';
import { observeRequest } from './request.ts';
import type { RunContext } from './run-context.ts';
import { glanceAtOs, type OsGlance } from './status-os.ts';
import { withHostAnswers } from './survey.ts';

/** One role of a host, and what its services answered from here; results in the order of `probes`, any serial accepted. */
export interface RoleLook {
  readonly role: HostRole;
  readonly probes: readonly Probe[];
  readonly results: readonly ProbeResult[];
}

/** What was seen of one host. */
export interface HostLook {
  readonly host: Host;
  readonly roles: readonly RoleLook[];
  readonly connection?: Connection;
  readonly observation?: Observation;
  readonly error?: InfraError;
  readonly os?: OsGlance;
}

/** Of one question: "the fleet in three seconds", also when somebody does not answer. */
const TIMING = { timeoutMs: 1_000, tries: 2 };

/** Services are asked beside the connection: an answer needs no login. */
export async function lookAt(ctx: RunContext, host: Host, roles: readonly HostRole[]): Promise<HostLook> {
  const asked = roles.map((role) => {
    const probes = role.desired.probes(new Map());
    return { role, probes, direct: runProbes(probes, TIMING) };
  });
  for (const { direct } of asked) direct.catch(() => {});
  let connection: Connection | undefined;
  try {
    connection = await ctx.transport.connect(host, { timeoutMs: ctx.deadlines.connectMs, signal: ctx.signal });
    const vantage = { name: host.name, connection };
    const told = asked.map(({ probes, direct }) => withHostAnswers(probes, direct, runHostProbes(vantage, probes)));
    for (const results of told) results.catch(() => {});
    const [observation, os] = await Promise.all([observeAll(ctx, connection, roles), glanceAtOs(ctx, connection)]);
    return { host, roles: await looksOf(asked, told), connection, observation, os };
  } catch (error) {
    await connection?.close();
    if (!(error instanceof InfraError)) throw error;
    const direct = asked.map((one) => one.direct);
    return { host, roles: await looksOf(asked, direct), error };
  }
}

function looksOf(
  asked: readonly Pick<RoleLook, 'role' | 'probes'>[],
  results: readonly Promise<readonly ProbeResult[]>[],
): Promise<readonly RoleLook[]> {
  return Promise.all(
    asked.map(async ({ role, probes }, index) => ({ role, probes, results: (await results[index]) ?? [] })),
  );
}

/** One round trip; a second one only for files in the manifest that nobody describes any more. */
async function observeAll(ctx: RunContext, connection: Connection, roles: readonly HostRole[]): Promise<Observation> {
  const resources = roles.flatMap(({ desired }) => desired.resources.map(({ resource }) => resource));
  const probes = roles.flatMap(({ desired }) => desired.probes(new Map()));
  const request = observeRequest(resources, probes);
  const observation = await observe(connection, request, ctx);
  const unseen = observation.managed.map(({ path }) => path).filter((path) => !observation.paths.has(path));
  if (unseen.length === 0) return observation;
  return observe(connection, { ...request, paths: [...request.paths, ...unseen] }, ctx);
}
