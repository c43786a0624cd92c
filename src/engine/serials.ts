/** One serial for each zone of the group: gathers what the members have and serve, and lets src/dns/serials.ts decide. */

import { renderZone } from '../dns/render.ts';
import { assignSerial, type ZoneMember } from '../dns/serials.ts';
import type { Zone } from '../dns/zone.ts';
import type { Host } from '../inventory/model.ts';
import type { Vantage } from '../probes/via-host.ts';
import type { ZoneResource } from '../resources/types.ts';
import { askProbes } from './ask.ts';
import { mapBounded } from './concurrency.ts';
import type { Observation } from './observation.ts';
import { sha256 } from './plan-files.ts';
import type { RunContext } from './run-context.ts';
import { observeZones, type SurveyedHost } from './survey.ts';

/** By zone name. Members outside --limit, and those that could not be surveyed, are asked only when a zone of a surveyed host differs. */
export async function decideSerials(
  ctx: RunContext,
  surveys: readonly SurveyedHost[],
  members: readonly Host[],
): Promise<ReadonlyMap<string, number>> {
  const zones = new Map(
    surveys
      .flatMap(({ desired }) => zonesOf(desired.resources.map(({ resource }) => resource)))
      .map((resource) => [resource.zone.name, resource]),
  );
  if (zones.size === 0) return new Map();
  const inLimit = surveys.map((survey) => ({
    host: survey.desired.host,
    observation: survey.observation,
    changes: true,
  }));
  const settled = settledSerials(
    zones,
    inLimit.map(({ observation }) => observation),
  );
  if (settled.size === zones.size) return settled;

  const others = members.filter((member) => !surveys.some(({ desired }) => desired.host.name === member.name));
  const paths = [...zones.values()].map(({ path }) => path);
  const asked = await mapBounded(others, ctx.options.forks, async (host) => ({
    host,
    observation: await observeZones(ctx, host, paths),
    changes: false,
  }));
  const observed = [...inLimit, ...asked].filter(({ observation }) => observation !== undefined);
  const served = await servedSerials(
    ctx,
    observed.map(({ host }) => host),
    [...zones.keys()],
    surveys.map(({ desired, connection }) => ({ name: desired.host.name, connection })),
  );
  return new Map(
    [...zones.values()].map((resource) => {
      const known = [...inLimit, ...asked].flatMap(({ host, observation, changes }) =>
        observation === undefined ? [] : [memberOf(resource, host, observation, changes, served)],
      );
      return [resource.zone.name, settled.get(resource.zone.name) ?? assignSerial(known, ctx.today())];
    }),
  );
}

function zonesOf(resources: readonly { readonly kind: string }[]): readonly ZoneResource[] {
  return resources.filter((resource): resource is ZoneResource => resource.kind === 'zone');
}

/** Zones that every surveyed host holds with this very content and one serial: nothing to decide. */
function settledSerials(
  zones: ReadonlyMap<string, ZoneResource>,
  observations: readonly Observation[],
): Map<string, number> {
  const settled = new Map<string, number>();
  for (const [name, resource] of zones) {
    const serials = observations.map((observation) =>
      holdsContent(resource.zone, resource.path, observation) ? observation.zoneSerials.get(resource.path) : undefined,
    );
    const first = serials[0];
    if (first !== undefined && serials.every((serial) => serial === first)) settled.set(name, first);
  }
  return settled;
}

/** The file on the host is what we would render for the serial that it bears: its content, without the serial, is the desired one. */
function holdsContent(zone: Zone, path: string, observation: Observation): boolean {
  const serial = observation.zoneSerials.get(path);
  const state = observation.paths.get(path);
  return serial !== undefined && state?.type === 'file' && state.sha256 === sha256(renderZone(zone, serial));
}

function memberOf(
  resource: ZoneResource,
  host: Host,
  observation: Observation,
  changes: boolean,
  served: ReadonlyMap<string, number>,
): ZoneMember {
  const serial = observation.zoneSerials.get(resource.path);
  const highest = [
    observation.highestSerials.get(resource.zone.name),
    served.get(`${host.name} ${resource.zone.name}`),
    serial,
  ].filter((known) => known !== undefined);
  return {
    host: host.name,
    mayChange: changes,
    holdsContent: holdsContent(resource.zone, resource.path, observation),
    ...(serial === undefined ? {} : { serial }),
    seen: highest,
  };
}

/** What the members answer right now, by `host zone`: also a zone that was put there by hand counts. */
async function servedSerials(
  ctx: RunContext,
  hosts: readonly Host[],
  zones: readonly string[],
  vantages: readonly Vantage[],
): Promise<ReadonlyMap<string, number>> {
  const asked = hosts.flatMap((host) =>
    zones.map((zone) => ({
      key: `${host.name} ${zone}`,
      probe: { kind: 'dns-zone' as const, server: host.address, port: 53, zone },
    })),
  );
  const results = await askProbes(
    ctx,
    asked.map(({ probe }) => probe),
    { timeoutMs: 1_000, tries: 2 },
    vantages,
  );
  return new Map(
    asked.flatMap(({ key }, index) => {
      const serial = results[index]?.serial;
      return serial === undefined ? [] : [[key, serial] as const];
    }),
  );
}
