/** An earlier generation as desired state: the same planner, change set and guard bring it back as bring anything else. Pure. */
import { parseRendered } from '../dns/parse-rendered.ts';
import { renderZone } from '../dns/render.ts';
import type { Generation } from '../host/verbs.ts';
import type { Host } from '../inventory/model.ts';
import type { FileAttributes, Resource, ResourceId, UnitResource } from '../resources/types.ts';
import { secretOf } from '../secrets/secret.ts';
import type { DesiredHost, OwnedResource } from './desired.ts';
import type { ManagedEntry } from './observation.ts';
import { idOfManaged, sha256 } from './plan-files.ts';
import { restoredProbes } from './restored-probes.ts';

/** What the playbooks describe of one role on this host now: its units, and what proves it. */
export interface PresentRole {
  readonly role: string;
  readonly desired: DesiredHost;
}

/** What the OS itself ships at a path of /etc (/usr/etc on ostree): it comes back where a file of ours goes. */
export interface OsDefault extends FileAttributes {
  /** undefined: a folder. */
  readonly content: Buffer | undefined;
}

export interface RestoreInput {
  readonly host: Host;
  readonly generation: Generation;
  /** Roles whose files are brought back; all others keep what they have. */
  readonly roles: readonly string[];
  readonly present: readonly PresentRole[];
  /** The manifest of now. */
  readonly managed: readonly ManagedEntry[];
  readonly osDefaults: ReadonlyMap<string, OsDefault>;
}

export interface RestoredHost {
  readonly desired: DesiredHost;
  /** By zone name: those of the generation's zone files. */
  readonly serials: ReadonlyMap<string, number>;
  /** Roles that were not there yet: what they wrote goes. */
  readonly leaving: readonly string[];
}

/** Everything that `roles` wrote in that generation, and the units that have to follow. */
export function restoredHost(input: RestoreInput): RestoredHost {
  const { host, roles, present } = input;
  const entries = input.generation.managed.filter(({ role }) => roles.includes(role));
  const leaving = roles.filter((role) => !entries.some((entry) => entry.role === role));
  const files = entries.map((entry): OwnedResource => ({ role: entry.role, resource: restored(entry, input) }));
  const defaults = input.managed
    .filter(({ role }) => leaving.includes(role))
    .flatMap((entry): OwnedResource[] => {
      const shipped = input.osDefaults.get(entry.path);
      return shipped === undefined ? [] : [{ role: entry.role, resource: shippedAt(entry, shipped) }];
    });
  const owned = [...files.flatMap(withImage), ...defaults];
  const units = roles.flatMap((role) => unitsOf(role, owned, input));
  const serials = new Map(
    files.flatMap(({ resource }) =>
      resource.kind === 'zone' ? [[resource.zone.name, resource.zone.serial] as const] : [],
    ),
  );
  const staying = present.filter(({ role }) => entries.some((entry) => entry.role === role));
  return {
    desired: {
      host,
      resources: [...owned, ...units],
      roles,
      keptSecrets: (input.generation.podmanSecrets ?? []).filter(({ role }) => roles.includes(role)),
      probes: (expected) => restoredProbes({ host, roles: staying, entries, generation: input.generation, expected }),
      temporaryStates: (only) =>
        staying
          .filter(({ role }) => only === undefined || role === only)
          .flatMap(({ desired }) => desired.temporaryStates?.() ?? []),
      hasSecondaries: staying.some(({ desired }) => desired.hasSecondaries === true),
    },
    serials,
    leaving,
  };
}

function contentOf(entry: ManagedEntry, { generation }: RestoreInput): Buffer {
  const content = generation.contents.get(entry.sha256);
  if (content === undefined) throw new Error(`generation without the content of ${entry.path}`);
  return content;
}

function restored(entry: ManagedEntry, input: RestoreInput): Resource {
  const { path, mode, owner, group, unit } = entry;
  const id = idOfManaged(entry);
  if (entry.kind === 'directory') return { kind: 'directory', id, path, mode, owner, group };
  const content = contentOf(entry, input);
  if (entry.kind === 'quadlet')
    return { kind: 'quadlet', id, path, mode, owner, group, unit, content: content.toString('utf8') };
  const name = path.slice(path.lastIndexOf('/db.') + '/db.'.length);
  const zone = entry.kind === 'zone' ? parseRendered(content.toString('utf8'), name) : undefined;
  // Only when rendering it gives these very bytes: else it is brought back as the text that it was.
  const isExact = zone !== undefined && sha256(renderZone(zone, zone.serial)) === entry.sha256;
  return isExact ? { kind: 'zone', id, path, mode, owner, group, zone } : fileOf(entry, content, entry);
}

function fileOf(entry: ManagedEntry, bytes: Buffer, { mode, owner, group }: FileAttributes): Resource {
  // What held a secret is shown no more than it was.
  const content = entry.secret === true ? secretOf(bytes) : bytes;
  return { kind: 'file', id: idOfManaged(entry), path: entry.path, content, mode, owner, group };
}

function shippedAt(entry: ManagedEntry, shipped: OsDefault): Resource {
  if (shipped.content !== undefined) return fileOf(entry, shipped.content, shipped);
  const { mode, owner, group } = shipped;
  return { kind: 'directory', id: idOfManaged(entry), path: entry.path, mode, owner, group };
}

/** The image of a container comes back too, before anything is touched, should it have been removed meanwhile. */
function withImage(owned: OwnedResource): readonly OwnedResource[] {
  const { resource, role } = owned;
  if (resource.kind !== 'quadlet' || !resource.path.endsWith('.container')) return [owned];
  const name = /^Image=(\S+)$/m.exec(resource.content)?.[1]?.replaceAll('%%', '%');
  if (name === undefined || /\.(?:image|build)$/.test(name)) return [owned];
  return [{ role, resource: { kind: 'image', id: `image:${name}`, name } }, owned];
}

/** The role's present units where it has some, else those that its quadlets make; each restarts or reloads for what it did before. */
function unitsOf(role: string, owned: readonly OwnedResource[], input: RestoreInput): readonly OwnedResource[] {
  const mine = owned.filter((one) => one.role === role).map(({ resource }) => resource);
  const ids = mine.filter(({ kind }) => kind !== 'image' && kind !== 'directory').map(({ id }) => id);
  const quadlets = mine.flatMap((resource) => (resource.kind === 'quadlet' ? [resource.unit] : []));
  const now = input.present.find((one) => one.role === role)?.desired.resources.map(({ resource }) => resource) ?? [];
  // A quadlet that this generation does not have goes, and its unit with it: the planner stops it.
  const vanishing = new Set(
    [...now.flatMap((one) => (one.kind === 'quadlet' ? [one.unit] : [])), ...unitsInManifest(role, input)].filter(
      (unit) => !quadlets.includes(unit),
    ),
  );
  const described = now
    .filter((one) => one.kind === 'unit')
    .filter(({ unit }) => !vanishing.has(unit))
    .map((unit) => follows(unit, ids, role, input));
  const known = new Set(described.map(({ unit }) => unit));
  const others = quadlets.filter((unit) => !known.has(unit)).map((unit) => plainUnit(unit, ids));
  return [...described, ...others].map((resource) => ({ role, resource }));
}

function unitsInManifest(role: string, { managed }: RestoreInput): readonly string[] {
  return managed.flatMap((entry) => (entry.role === role && entry.unit !== '' ? [entry.unit] : []));
}

const UNIT_FOLDER = '/etc/systemd/system/';

/** Files that no trigger of now names restart the unit: nobody can say that a reload would do. */
function follows(
  unit: UnitResource,
  ids: readonly ResourceId[],
  role: string,
  { managed, generation }: RestoreInput,
): UnitResource {
  const gone = managed.filter(
    (entry) => entry.role === role && !generation.managed.some(({ path }) => path === entry.path),
  );
  const unnamed = ids.filter((id) => !unit.restartOn.includes(id) && !unit.reloadOn.includes(id));
  // How it reloads may lie in a drop-in that goes.
  const mayReload = !gone.some(({ path }) => path.startsWith(UNIT_FOLDER));
  const isGone = gone.some(({ path }) => path === `${UNIT_FOLDER}${unit.unit}`);
  const isLeaving = !generation.managed.some((entry) => entry.role === role);
  return {
    ...withoutEnabled(unit),
    ...(unit.enabled === undefined || isLeaving ? {} : { enabled: unit.enabled }),
    state: isGone ? 'stopped' : unit.state,
    restartOn: [...unit.restartOn, ...unnamed, ...(mayReload ? [] : unit.reloadOn)],
    reloadOn: mayReload ? unit.reloadOn : [],
  };
}

function withoutEnabled({ enabled: _enabled, ...unit }: UnitResource): UnitResource {
  return unit;
}

function plainUnit(unit: string, ids: readonly ResourceId[]): UnitResource {
  return {
    kind: 'unit',
    id: `unit:${unit}`,
    unit,
    state: 'started',
    restartOn: ids,
    reloadOn: [],
    order: 50,
    settleSec: 4,
  };
}
