/** From the changes of a plan to the change set that the host receives. Pure but for the id, which the caller draws. */
import { dirname } from 'node:path/posix';
import type { Validation } from '../resources/types.ts';
import { Secret } from '../secrets/secret.ts';
import type { Change, WriteChange } from './change.ts';
import type { ChangeSet, CommandAction, DirectoryChange, FileChange, UnitAction } from './change-set.ts';
import type { DesiredHost, OwnedResource } from './desired.ts';
import type { ManagedEntry, Observation } from './observation.ts';
import { contentSha256, desiredContent } from './plan-files.ts';
import { podmanSecretsAfter } from './podman-secrets.ts';

export interface ChangeSetHeader {
  readonly id: string;
  readonly run: string;
  readonly owner: string;
  readonly confirmWithinSec: number;
}

/** undefined when nothing changes. */
export function buildChangeSet(
  header: ChangeSetHeader,
  desired: DesiredHost,
  observation: Observation,
  serials: ReadonlyMap<string, number>,
  changes: readonly Change[],
): ChangeSet | undefined {
  if (changes.length === 0) return undefined;
  const writes = changes.filter((change) => change.kind === 'write');
  return {
    ...header,
    bootId: observation.facts.bootId,
    directories: directoriesOf(changes),
    files: filesOf(changes),
    quadlets: writes.flatMap(({ resource }) =>
      resource.kind === 'quadlet' ? [{ path: resource.path, unit: resource.unit }] : [],
    ),
    images: desired.resources.flatMap(({ resource }) => (resource.kind === 'image' ? [resource.name] : [])),
    validations: validationsOf(desired.resources, writes),
    daemonReload: needsDaemonReload(desired.resources, observation, changes),
    units: changes.flatMap((change): UnitAction[] =>
      change.kind === 'unit'
        ? [{ unit: change.unit, action: change.action, when: change.when, settleSec: change.settleSec }]
        : [],
    ),
    commands: changes.flatMap((change, step): CommandAction[] =>
      change.kind === 'command'
        ? [
            {
              id: change.id,
              script: change.resource.script,
              timeoutSec: change.resource.timeoutSec,
              step,
              ...(change.resource.undo === undefined ? {} : { undo: change.resource.undo }),
            },
          ]
        : [],
    ),
    managed: managedAfter(desired, observation, serials),
    podmanSecrets: podmanSecretsAfter(desired, observation),
    newSecrets: changes.flatMap((change) =>
      change.kind === 'podman-secret' ? [{ hostName: change.hostName, value: change.value }] : [],
    ),
    serials: writes.flatMap(({ resource, serial }) =>
      resource.kind === 'zone' && serial !== undefined ? [{ zone: resource.zone.name, serial }] : [],
    ),
  };
}

function directoriesOf(changes: readonly Change[]): readonly DirectoryChange[] {
  const made = changes.flatMap((change): DirectoryChange[] =>
    change.kind === 'directory'
      ? [{ path: change.path, action: change.action, mode: change.mode, owner: change.owner, group: change.group }]
      : [],
  );
  const removed = changes.flatMap((change): DirectoryChange[] =>
    change.kind === 'delete' && change.entry.kind === 'directory'
      ? [
          {
            path: change.path,
            action: 'delete',
            mode: change.entry.mode,
            owner: change.entry.owner,
            group: change.entry.group,
          },
        ]
      : [],
  );
  return [
    ...made.sort((a, b) => depth(a.path) - depth(b.path)),
    ...removed.sort((a, b) => depth(b.path) - depth(a.path)),
  ];
}

function depth(path: string): number {
  return path.split('/').length;
}

function filesOf(changes: readonly Change[]): readonly FileChange[] {
  return changes.flatMap((change): FileChange[] => {
    if (change.kind !== 'write' && !(change.kind === 'delete' && change.entry.kind !== 'directory')) return [];
    const { before } = change;
    const seen =
      before.type === 'file'
        ? { sha256: before.sha256 ?? '', mode: before.mode, owner: before.owner, group: before.group }
        : null;
    if (change.kind === 'delete')
      return [
        {
          path: change.path,
          content: null,
          mode: change.entry.mode,
          owner: change.entry.owner,
          group: change.entry.group,
          before: seen,
        },
      ];
    return [
      {
        path: change.path,
        content: change.content,
        mode: change.mode,
        owner: change.owner,
        group: change.group,
        before: seen,
      },
    ];
  });
}

/** A file's own validation when it changes, or when anything that its preview shows changes. */
function validationsOf(resources: readonly OwnedResource[], writes: readonly WriteChange[]): readonly Validation[] {
  const changed = new Set(writes.map(({ path }) => path));
  return resources.flatMap(({ resource }) => {
    if (resource.kind !== 'file' || resource.validate === undefined) return [];
    const touched = changed.has(resource.path) || resource.validate.preview.some(({ path }) => changed.has(path));
    return touched ? [resource.validate] : [];
  });
}

function needsDaemonReload(
  resources: readonly OwnedResource[],
  observation: Observation,
  changes: readonly Change[],
): boolean {
  const unitFolders = ['/etc/systemd/system', '/etc/containers/systemd', '/run/systemd/system'];
  const touched = changes.some(
    (change) =>
      (change.kind === 'write' || change.kind === 'delete') &&
      unitFolders.some((folder) => dirname(change.path) === folder || change.path.startsWith(`${folder}/`)),
  );
  return (
    touched ||
    resources.some(
      ({ resource }) => resource.kind === 'unit' && observation.units.get(resource.unit)?.needDaemonReload === true,
    )
  );
}

/** The whole manifest afterwards: what this run describes, and what other roles described before. */
function managedAfter(
  desired: DesiredHost,
  observation: Observation,
  serials: ReadonlyMap<string, number>,
): readonly ManagedEntry[] {
  const ours = desired.resources.flatMap(({ role, resource }): ManagedEntry[] => {
    if (!('path' in resource)) return [];
    const { path, mode, owner, group, kind } = resource;
    const content = resource.kind === 'directory' ? undefined : desiredContent(resource, serials);
    const digest = content === undefined ? '' : contentSha256(content, undefined);
    const unit = resource.kind === 'quadlet' ? resource.unit : '';
    const secret = content instanceof Secret ? { secret: true as const } : {};
    return [{ role, kind, path, sha256: digest, mode, owner, group, unit, ...secret }];
  });
  const paths = new Set(ours.map(({ path }) => path));
  return [
    ...observation.managed.filter((entry) => !desired.roles.includes(entry.role) && !paths.has(entry.path)),
    ...ours,
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}
