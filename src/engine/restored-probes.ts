/** What proves that an earlier generation serves: the probes of its roles, held to what its own files say. Pure. */
import type { Generation } from '../host/verbs.ts';
import type { Host } from '../inventory/model.ts';
import type { DnsZoneProbe, Probe } from '../probes/types.ts';
import type { ManagedEntry } from './observation.ts';
import type { PresentRole } from './restored-host.ts';

export interface RestoredProbesInput {
  readonly host: Host;
  /** Those that the generation has. */
  readonly roles: readonly PresentRole[];
  readonly entries: readonly ManagedEntry[];
  readonly generation: Generation;
  /** By zone name. */
  readonly expected: ReadonlyMap<string, number>;
}

export function restoredProbes(input: RestoredProbesInput): readonly Probe[] {
  return input.roles.flatMap((role) => probesOf(role, input));
}

function probesOf({ role, desired }: PresentRole, input: RestoredProbesInput): readonly Probe[] {
  const entries = input.entries.filter((entry) => entry.role === role);
  const texts = entries.flatMap(({ sha256 }) => {
    const content = input.generation.contents.get(sha256);
    return content === undefined ? [] : [content.toString('latin1')];
  });
  const zones = entries.flatMap(({ kind, path }) =>
    kind === 'zone' ? [path.slice(path.lastIndexOf('/db.') + '/db.'.length)] : [],
  );
  const all = desired.probes(input.expected);
  return [...all.flatMap((probe) => adapted(probe, texts, input)), ...zoneProbes(all, zones, texts, input)];
}

/** Zones are the generation's own; sample names say something of the present description only. */
function adapted(probe: Probe, texts: readonly string[], input: RestoredProbesInput): readonly Probe[] {
  switch (probe.kind) {
    case 'dns-zone':
    case 'dns-name':
      return [];
    case 'dns-version': {
      // The configuration names its own version: the hash that version.bind answers once it is loaded.
      const prefix = /^.*-(?=[0-9a-f]+$)/.exec(probe.expect)?.[0];
      const expect = prefix === undefined ? undefined : versionIn(texts, prefix, probe.expect.length);
      const server = serverIn(texts, probe.server, input.host);
      return expect === undefined ? [] : [{ ...probe, server, expect }];
    }
    case 'ntp':
    case 'dhcp':
    case 'tcp':
    case 'http':
    case 'unit':
      return [probe];
    case 'host':
      return probe.ofDescription === true ? [] : [probe];
  }
}

function versionIn(texts: readonly string[], prefix: string, length: number): string | undefined {
  for (const text of texts) {
    const at = text.indexOf(prefix);
    if (at !== -1) return text.slice(at, at + length);
  }
  return undefined;
}

function zoneProbes(
  all: readonly Probe[],
  zones: readonly string[],
  texts: readonly string[],
  { host, expected }: RestoredProbesInput,
): readonly Probe[] {
  const places = new Map<string, Pick<DnsZoneProbe, 'server' | 'port'>>();
  for (const probe of all) {
    if (probe.kind !== 'dns-zone' && probe.kind !== 'dns-version') continue;
    const server = serverIn(texts, probe.server, host);
    places.set(`${server} ${probe.port}`, { server, port: probe.port });
  }
  return [...places.values()].flatMap((place) =>
    zones.map((zone): Probe => {
      const serial = expected.get(zone);
      return { kind: 'dns-zone', ...place, zone, ...(serial === undefined ? {} : { serial }) };
    }),
  );
}

/** An address that is described now, and that the generation's files do not name, is not where it served. */
function serverIn(texts: readonly string[], server: string, host: Host): string {
  return texts.some((text) => text.includes(server)) ? server : host.address;
}
