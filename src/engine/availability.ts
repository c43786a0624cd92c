/** What clients noticed while hosts of a redundancy group were changed: a query loop against every member that serves a zone. */
import type { QueryTarget } from '../probes/query-loop.ts';
import type { Probe } from '../probes/types.ts';
import { isClosed } from './ask.ts';
import type { AvailabilityFigure } from './events.ts';
import { memberProbes } from './redundancy.ts';
import type { RunContext } from './run-context.ts';
import type { SurveyedHost } from './survey.ts';

export type Availability = Readonly<Record<string, Readonly<Record<string, AvailabilityFigure>>>>;

export interface AvailabilityLoop {
  stop(): Promise<Availability>;
}

/**
 * Members that serve nothing yet are not asked: nobody can miss them; nor those whose service cannot be reached from here.
 * undefined when there is nothing to measure.
 */
export async function startAvailability(
  ctx: RunContext,
  reached: readonly SurveyedHost[],
  serving: ReadonlySet<string>,
): Promise<AvailabilityLoop | undefined> {
  const targets = reached
    .filter(({ desired }) => serving.has(desired.host.name))
    .flatMap(({ desired, observation }) => targetOf(desired.host.name, memberProbes(desired, observation)))
    .filter(({ server }) => !isClosed(ctx, server));
  if (targets.length === 0) return undefined;
  const { QueryLoop } = await import('../probes/query-loop.ts');
  const loop = new QueryLoop(targets);
  loop.start();
  return {
    async stop() {
      const { group, members } = await loop.stop();
      return { dns: { group, ...members } };
    },
  };
}

function targetOf(name: string, probes: readonly Probe[]): readonly QueryTarget[] {
  const zones = probes.filter((probe) => probe.kind === 'dns-zone');
  const first = zones[0];
  return first === undefined
    ? []
    : [{ name, server: first.server, port: first.port, zones: [...new Set(zones.map(({ zone }) => zone))] }];
}
