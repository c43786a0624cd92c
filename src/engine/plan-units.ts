/** Which units are started, stopped, reloaded or restarted, and why. Pure. */
import type { UnitResource } from '../resources/types.ts';
import type { Change, DeleteChange, UnitChange } from './change.ts';
import type { OwnedResource } from './desired.ts';
import type { Observation, UnitState } from './observation.ts';

const UNKNOWN: UnitState = {
  load: 'not-found',
  active: 'inactive',
  sub: 'dead',
  unitFile: '',
  needDaemonReload: false,
  restarts: 0,
};

export function planUnits(
  owned: readonly OwnedResource[],
  observation: Observation,
  files: readonly Change[],
  deletions: readonly DeleteChange[],
): readonly UnitChange[] {
  const described = new Set(owned.flatMap(({ resource }) => (resource.kind === 'unit' ? [resource.unit] : [])));
  const vanishing = deletions
    .filter(({ entry }) => entry.kind === 'quadlet' && entry.unit !== '' && !described.has(entry.unit))
    .flatMap((deletion) => stopVanishing(deletion, observation));
  const units = owned
    .flatMap(({ role, resource }) => (resource.kind === 'unit' ? [{ role, resource }] : []))
    .sort((a, b) => a.resource.order - b.resource.order)
    .flatMap(({ role, resource }) =>
      planUnit(
        role,
        resource,
        observation.units.get(resource.unit) ?? UNKNOWN,
        causesOf(role, resource, owned, files, deletions),
      ),
    );
  return [...vanishing, ...units];
}

/** systemd forgets how to stop a unit once its file is gone: stop first (podman-systemd.unit(5)). */
function stopVanishing(deletion: DeleteChange, observation: Observation): readonly UnitChange[] {
  const { entry, role, id } = deletion;
  const state = observation.units.get(entry.unit);
  if (state !== undefined && state.active === 'inactive') return [];
  return [
    {
      kind: 'unit',
      id: `unit:${entry.unit}`,
      role,
      action: 'stop',
      unit: entry.unit,
      when: 'before',
      settleSec: 0,
      because: [id],
    },
  ];
}

interface Causes {
  readonly restart: readonly string[];
  readonly reload: readonly string[];
}

function causesOf(
  role: string,
  unit: UnitResource,
  owned: readonly OwnedResource[],
  files: readonly Change[],
  deletions: readonly DeleteChange[],
): Causes {
  const changed = new Set<string>(files.map(({ id }) => id));
  // The unit's own quadlet restarts it, whether the role says so or not.
  const quadlets = owned.flatMap(({ resource }) =>
    resource.kind === 'quadlet' && resource.unit === unit.unit ? [resource.id] : [],
  );
  const restart = [...new Set<string>([...unit.restartOn, ...quadlets])].filter((id) => changed.has(id));
  const reload = unit.reloadOn.filter((id) => changed.has(id));
  // Nothing can name a file that is no longer described: its going reloads the role's units, or restarts those that cannot reload.
  const gone = deletions
    .filter((deletion) => deletion.role === role && deletion.entry.kind !== 'directory')
    .map(({ id }) => id);
  if (unit.reloadOn.length > 0) return { restart, reload: [...reload, ...gone] };
  return { restart: unit.restartOn.length > 0 ? [...restart, ...gone] : restart, reload };
}

function planUnit(role: string, resource: UnitResource, state: UnitState, causes: Causes): readonly UnitChange[] {
  const base = { kind: 'unit' as const, id: resource.id, role, unit: resource.unit, when: 'after' as const };
  const active = state.active === 'active' || state.active === 'reloading';
  if (resource.state === 'stopped') {
    return [
      ...(isRunning(state)
        ? [{ ...base, action: 'stop' as const, settleSec: 0, because: [`is ${state.active}`] }]
        : []),
      ...enablement(base, resource, state),
    ];
  }
  const running = (): readonly UnitChange[] => {
    if (!active)
      return [
        {
          ...base,
          action: isRunning(state) || state.active === 'failed' ? ('restart' as const) : ('start' as const),
          settleSec: resource.settleSec,
          because: [`is ${state.load === 'not-found' ? 'not there yet' : state.active}`],
        },
      ];
    if (causes.restart.length > 0)
      return [{ ...base, action: 'restart' as const, settleSec: resource.settleSec, because: causes.restart }];
    // Its file changed on disk and systemd has not read it: what runs is not what is described.
    if (state.needDaemonReload)
      return [
        {
          ...base,
          action: 'restart' as const,
          settleSec: resource.settleSec,
          because: ['its unit file changed on disk since it was loaded'],
        },
      ];
    return causes.reload.length > 0
      ? [{ ...base, action: 'reload' as const, settleSec: 0, because: causes.reload }]
      : [];
  };
  return [...enablement(base, resource, state), ...running()];
}

/** `activating` is running too: systemctl start would merely join the start job of a unit that crash-loops. */
function isRunning(state: UnitState): boolean {
  return state.active !== 'inactive' && state.active !== 'failed';
}

function enablement(
  base: Pick<UnitChange, 'kind' | 'id' | 'role' | 'unit' | 'when'>,
  resource: UnitResource,
  state: UnitState,
): readonly UnitChange[] {
  if (resource.enabled === undefined || (state.unitFile === 'enabled') === resource.enabled) return [];
  return [
    {
      ...base,
      action: resource.enabled ? 'enable' : 'disable',
      settleSec: 0,
      because: [`is ${state.unitFile || 'not installed'}`],
    },
  ];
}
