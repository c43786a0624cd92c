/** plan(): desired state against what was observed. Pure: the same input gives the same changes, and [] means converged. */

import { Secret } from '../secrets/secret.ts';
import type { Change, DeleteChange, WriteChange } from './change.ts';
import type { DesiredHost, OwnedResource } from './desired.ts';
import { objectPath } from './hand-edit.ts';
import type { Observation } from './observation.ts';
import { planDeletions, planDirectory, planWrite } from './plan-files.ts';
import { planUnits } from './plan-units.ts';
import { podmanSecretChanges, withKnownPodmanSecrets } from './podman-secrets.ts';

export interface PlanInput {
  readonly desired: DesiredHost;
  readonly observation: Observation;
  /** By zone name: the serial that was decided for the group (src/engine/serials.ts). */
  readonly serials: ReadonlyMap<string, number>;
}

/** In the order in which they are reported: images, podman secrets, directories, files, deletions, units, commands. */
export function plan(input: PlanInput): readonly Change[] {
  const { observation } = input;
  const desired = withKnownPodmanSecrets(input.desired, observation);
  const images = desired.resources.flatMap(({ role, resource }) =>
    resource.kind === 'image' && !observation.images.has(resource.name)
      ? [{ kind: 'image', id: resource.id, role, action: 'create', name: resource.name } as const]
      : [],
  );
  const secrets = podmanSecretChanges(desired);
  const directories = desired.resources.flatMap((owned) =>
    owned.resource.kind === 'directory' ? planDirectory(owned.role, owned.resource, observation) : [],
  );
  const writes = desired.resources.flatMap((owned) => planWriteOf(owned, input));
  const deletions = planDeletions(desired, observation);
  const files: readonly Change[] = [...directories, ...writes, ...deletions];
  const commands = planCommands(desired.resources, observation, new Set(files.map((change) => change.id)));
  const units = planUnits(desired.resources, observation, files, deletions);
  return [...images, ...secrets, ...files, ...units, ...commands];
}

function planWriteOf({ role, resource }: OwnedResource, { observation, serials }: PlanInput): readonly Change[] {
  return resource.kind === 'file' || resource.kind === 'quadlet' || resource.kind === 'zone'
    ? planWrite(role, resource, observation, serials)
    : [];
}

/** A command runs when nothing says that it need not: neither `creates`/`unless`, nor that none of its triggers changed. */
function planCommands(
  owned: readonly OwnedResource[],
  observation: Observation,
  changed: ReadonlySet<string>,
): readonly Change[] {
  return owned.flatMap(({ role, resource }) => {
    if (resource.kind !== 'command' || observation.commandsSatisfied.get(resource.id) === true) return [];
    if (resource.onChangeOf !== undefined && !resource.onChangeOf.some((id) => changed.has(id))) return [];
    return [{ kind: 'command', id: resource.id, role, action: 'run', resource } as const];
  });
}

/** Paths whose content is needed to show what would change: the present files, and of hand edits what we had written. */
export function pathsToShow(changes: readonly Change[]): readonly string[] {
  return changes.flatMap((change) => {
    if ((change.kind !== 'write' && change.kind !== 'delete') || change.before.type !== 'file') return [];
    if (holdsSecret(change)) return [];
    const written = writtenHash(change);
    return written === undefined ? [change.path] : [change.path, objectPath(written)];
  });
}

/** A secret stands in it, or stood there before: nothing of it is read from the host, and nothing shown. */
export function holdsSecret(change: WriteChange | DeleteChange): boolean {
  if (change.kind === 'delete') return change.entry.secret === true;
  return change.content instanceof Secret || change.written?.secret === true;
}

/** Of a file that was edited by hand: the hash of what we had written. */
export function writtenHash(change: WriteChange | DeleteChange): string | undefined {
  if (!change.handEdited) return undefined;
  return change.kind === 'delete' ? change.entry.sha256 : change.written?.sha256;
}

export function isDeletion(change: Change): change is DeleteChange {
  return change.kind === 'delete';
}
