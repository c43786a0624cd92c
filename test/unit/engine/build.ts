/** Builders of hosts and observations for the engine's tests. */

import type { DesiredHost } from '../../../src/engine/desired.ts';
import type { ManagedEntry, Observation, PathState, UnitState } from '../../../src/engine/observation.ts';
import { sha256 } from '../../../src/engine/plan-files.ts';
import type { Host, Vars } from '../../../src/inventory/model.ts';
import type { Resource } from '../../../src/resources/types.ts';

export function host(name = 'ns1', vars: Vars = {}): Host {
  return {
    name,
    address: '192.0.2.11',
    prefix: 24,
    ssh: { address: '192.0.2.11', port: 22, user: 'core' },
    groups: ['all', 'dns'],
    vars,
    origin: () => undefined,
  };
}

export function desired(...resources: Resource[]): DesiredHost {
  return {
    host: host(),
    resources: resources.map((resource) => ({ role: 'web', resource })),
    roles: ['web'],
    probes: () => [],
  };
}

export function present(
  content: string,
  attributes: { mode?: number; owner?: string; group?: string } = {},
): PathState {
  return {
    type: 'file',
    mode: 0o644,
    owner: 'root',
    group: 'root',
    size: content.length,
    mtime: 0,
    sha256: sha256(content),
    ...attributes,
  };
}

export const aDirectory: PathState = {
  type: 'directory',
  mode: 0o755,
  owner: 'root',
  group: 'root',
  size: 0,
  mtime: 0,
};
export const active: UnitState = {
  load: 'loaded',
  active: 'active',
  sub: 'running',
  unitFile: 'generated',
  needDaemonReload: false,
  restarts: 0,
};

export function managed(path: string, content: string, more: Partial<ManagedEntry> = {}): ManagedEntry {
  return {
    role: 'web',
    kind: 'file',
    path,
    sha256: sha256(content),
    mode: 0o644,
    owner: 'root',
    group: 'root',
    unit: '',
    ...more,
  };
}

export interface Seen {
  readonly paths?: Record<string, PathState>;
  readonly units?: Record<string, UnitState>;
  readonly images?: readonly string[];
  readonly satisfied?: Record<string, boolean>;
  readonly zoneSerials?: Record<string, number>;
  readonly highestSerials?: Record<string, number>;
  readonly managed?: readonly ManagedEntry[];
}

export function observation(seen: Seen = {}): Observation {
  return {
    facts: {
      bootId: 'b1',
      osVersion: '44.20261101.3.0',
      osId: 'fedora',
      hostname: 'ns1',
      ostreeBooted: true,
      uptimeSec: 100,
      helperVersion: '',
    },
    paths: new Map(Object.entries(seen.paths ?? {})),
    units: new Map(Object.entries(seen.units ?? {})),
    images: new Set(seen.images ?? []),
    commandsSatisfied: new Map(Object.entries(seen.satisfied ?? {})),
    zoneSerials: new Map(Object.entries(seen.zoneSerials ?? {})),
    highestSerials: new Map(Object.entries(seen.highestSerials ?? {})),
    managed: seen.managed ?? [],
    generation: 0,
  };
}
