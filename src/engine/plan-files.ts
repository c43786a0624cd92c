/** Which files and directories a host lacks, has wrong, or has too many. Pure. */
import { createHash } from 'node:crypto';
import { renderZone } from '../dns/render.ts';
import type { DirectoryResource, FileAttributes, ResourceId } from '../resources/types.ts';
import { isResolved, Secret, secretSha256 } from '../secrets/secret.ts';
import type { DeleteChange, DirectoryChange, FileLikeResource, WriteChange } from './change.ts';
import type { DesiredHost } from './desired.ts';
import { PlanRefusedError } from './errors.ts';
import type { ManagedEntry, Observation, PathState } from './observation.ts';

export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

const ABSENT: PathState = { type: 'absent' };

function stateOf(observation: Observation, path: string): PathState {
  return observation.paths.get(path) ?? ABSENT;
}

/** The bytes that a file-like resource wants; a zone needs the serial that was decided for it. */
export function desiredContent(resource: FileLikeResource, serials: ReadonlyMap<string, number>): Uint8Array | Secret {
  if (resource.kind !== 'zone')
    return typeof resource.content === 'string' ? Buffer.from(resource.content) : resource.content;
  const serial = serials.get(resource.zone.name);
  if (serial === undefined) throw new Error(`no serial was decided for zone ${resource.zone.name}`);
  return Buffer.from(renderZone(resource.zone, serial));
}

/** A secret that was not read (`run status` never decrypts) counts as what we wrote last. */
export function contentSha256(content: Uint8Array | Secret, written: ManagedEntry | undefined): string {
  if (!(content instanceof Secret)) return sha256(content);
  return isResolved(content) ? secretSha256(content) : (written?.sha256 ?? '');
}

export function planWrite(
  role: string,
  resource: FileLikeResource,
  observation: Observation,
  serials: ReadonlyMap<string, number>,
): readonly WriteChange[] {
  const before = stateOf(observation, resource.path);
  if (before.type !== 'absent' && before.type !== 'file') throw inTheWay(resource.id, resource.path, before);
  const content = desiredContent(resource, serials);
  const written = observation.managed.find((entry) => entry.path === resource.path);
  const digest = contentSha256(content, written);
  if (before.type === 'file' && before.sha256 === digest && sameAttributes(before, resource)) return [];
  const serial = resource.kind === 'zone' ? serials.get(resource.zone.name) : undefined;
  return [
    {
      kind: 'write',
      id: resource.id,
      role,
      resource,
      action: before.type === 'absent' ? 'create' : 'update',
      path: resource.path,
      content,
      sha256: digest,
      before,
      handEdited: before.type === 'file' && written !== undefined && before.sha256 !== written.sha256,
      mode: resource.mode,
      owner: resource.owner,
      group: resource.group,
      ...(written === undefined ? {} : { written }),
      ...(serial === undefined ? {} : { serial }),
    },
  ];
}

export function planDirectory(
  role: string,
  resource: DirectoryResource,
  observation: Observation,
): readonly DirectoryChange[] {
  const before = stateOf(observation, resource.path);
  if (before.type !== 'absent' && before.type !== 'directory') throw inTheWay(resource.id, resource.path, before);
  if (before.type === 'directory' && sameAttributes(before, resource)) return [];
  const { id, path, mode, owner, group } = resource;
  return [
    {
      kind: 'directory',
      id,
      role,
      action: before.type === 'absent' ? 'create' : 'update',
      path,
      before,
      mode,
      owner,
      group,
    },
  ];
}

/** What the roles of this run wrote earlier and no longer describe. Files that we did not write are not in the manifest. */
export function planDeletions(desired: DesiredHost, observation: Observation): readonly DeleteChange[] {
  const wanted = new Set(desired.resources.flatMap(({ resource }) => ('path' in resource ? [resource.path] : [])));
  return observation.managed
    .filter((entry) => desired.roles.includes(entry.role) && !wanted.has(entry.path))
    .map((entry) => ({ entry, before: stateOf(observation, entry.path) }))
    .filter(({ entry, before }) => before.type === (entry.kind === 'directory' ? 'directory' : 'file'))
    .map(({ entry, before }) => ({
      kind: 'delete' as const,
      id: idOfManaged(entry),
      role: entry.role,
      action: 'delete' as const,
      path: entry.path,
      entry,
      before,
      handEdited: before.type === 'file' && before.sha256 !== entry.sha256,
    }))
    .sort((a, b) => b.path.length - a.path.length || (a.path < b.path ? -1 : 1));
}

/** The id under which the resource was reported when it was written. */
export function idOfManaged(entry: ManagedEntry): ResourceId {
  const base = entry.path.slice(entry.path.lastIndexOf('/') + 1);
  if (entry.kind === 'zone' && base.startsWith('db.')) return `zone:${base.slice(3)}`;
  return entry.kind === 'quadlet' ? `quadlet:${base}` : `${entry.kind}:${entry.path}`;
}

function sameAttributes(state: FileAttributes, wanted: FileAttributes): boolean {
  return state.mode === wanted.mode && state.owner === wanted.owner && state.group === wanted.group;
}

function inTheWay(id: string, path: string, state: Exclude<PathState, { readonly type: 'absent' }>): PlanRefusedError {
  const what =
    state.type === 'symlink'
      ? `a symlink to ${state.target ?? 'somewhere'}`
      : state.type === 'directory'
        ? 'a directory'
        : state.type === 'file'
          ? 'a file'
          : 'a special file';
  return new PlanRefusedError(`${id}: ${path} is ${what}; it is neither followed nor replaced`, {
    remedy: `Look at it on the host, and move it away if nothing needs it: mv ${path} ${path}.old`,
  });
}
