/** The `unit` resource: a systemd unit's state, and which changes restart or reload it. */
import { ResourceError } from './errors.ts';
import type { Resource, ResourceId, UnitResource } from './types.ts';

type Trigger = ResourceId | Pick<Resource, 'id'>;

export interface UnitOptions {
  /** Default `started`. */
  readonly state?: 'started' | 'stopped';
  readonly enabled?: boolean;
  readonly restartOn?: readonly Trigger[];
  readonly reloadOn?: readonly Trigger[];
  readonly order?: number;
  readonly settleSec?: number;
}

/** A unit that runs (or not), restarted or reloaded when what it depends on changes. */
export function unit(name: string, options: UnitOptions = {}): UnitResource {
  if (!/^[A-Za-z0-9:_.\\@-]+\.(?:service|socket|timer|path|target|mount)$/.test(name) || name.startsWith('-')) {
    throw new ResourceError(`unit ${JSON.stringify(name)} is not a unit name`, {
      remedy: 'Give the full name with its suffix, e.g. coredns.service (systemd.unit(5)).',
    });
  }
  return {
    kind: 'unit',
    id: `unit:${name}`,
    unit: name,
    state: options.state ?? 'started',
    restartOn: ids(options.restartOn),
    reloadOn: ids(options.reloadOn),
    order: options.order ?? 50,
    settleSec: options.settleSec ?? 4,
    ...(options.enabled === undefined ? {} : { enabled: options.enabled }),
  };
}

function ids(triggers: readonly Trigger[] = []): ResourceId[] {
  return triggers.map((trigger) => (typeof trigger === 'string' ? trigger : trigger.id));
}
