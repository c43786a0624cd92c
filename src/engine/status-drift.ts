/** `run status --drift`: which lines a person changed in what we wrote, and, apart from that, what is described and not applied yet. */
import { renderZone } from '../dns/render.ts';
import { InfraError } from '../errors.ts';
import type { Change } from './change.ts';
import type { DriftedPath, HostStatusReport, PendingChanges } from './fleet.ts';
import { driftedPaths, driftOf, handEditLines, objectPath } from './hand-edit.ts';
import { fetchFiles } from './host-agent.ts';
import type { HostRole } from './host-roles.ts';
import { openSlot } from './locked.ts';
import type { ManagedEntry, Observation } from './observation.ts';
import { plan } from './plan.ts';
import { sha256 } from './plan-files.ts';
import { hasConfirmed } from './redundancy.ts';
import type { RunContext } from './run-context.ts';
import { decideSerials } from './serials.ts';
import type { HostLook } from './status-look.ts';
import type { SurveyedHost } from './survey.ts';

type Details = Pick<HostStatusReport, 'drift' | 'pending'>;
type ReachedLook = Required<Omit<HostLook, 'error'>>;

/** By host; hosts that were not reached, or that are in the middle of a change, are left out. */
export async function driftDetails(
  ctx: RunContext,
  looks: readonly HostLook[],
  roles: readonly HostRole[],
): Promise<ReadonlyMap<string, Details>> {
  const settled = looks.filter(isSettled);
  const pending = await pendingChanges(ctx, settled, roles);
  const details = await Promise.all(
    settled.map(
      async (look): Promise<[string, Details]> => [
        look.host.name,
        { drift: await withLines(ctx, look), pending: pending.get(look.host.name) ?? [] },
      ],
    ),
  );
  return new Map(details);
}

function isSettled(look: HostLook): look is ReachedLook {
  return (
    look.connection !== undefined && look.observation !== undefined && openSlot(look.observation.slot) === undefined
  );
}

/** One exec for the present files and for what we had written. */
async function withLines(ctx: RunContext, { connection, observation }: ReachedLook): Promise<readonly DriftedPath[]> {
  const drift = driftedPaths(observation);
  const hashes = new Map(observation.managed.map((entry) => [entry.path, entry.sha256]));
  const hidden = new Set(observation.managed.flatMap(({ path, secret }) => (secret === true ? [path] : [])));
  const edited = drift.filter(({ kind, path }) => kind === 'edited' && !hidden.has(path));
  const paths = edited.flatMap(({ path }) => [path, objectPath(hashes.get(path) ?? '')]);
  let contents: ReadonlyMap<string, Buffer>;
  try {
    contents = await fetchFiles(connection, paths, ctx);
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return drift;
  }
  return Promise.all(
    drift.map(async (one) => {
      if (one.kind === 'edited' && hidden.has(one.path))
        return { ...one, lines: ['  (a secret: its lines are not shown)'] };
      const present = contents.get(one.path);
      if (one.kind !== 'edited' || present === undefined) return one;
      const written = contents.get(objectPath(hashes.get(one.path) ?? ''));
      return { ...one, lines: await handEditLines({ present, written }) };
    }),
  );
}

/** Play by play, as a run with --check would plan it. */
async function pendingChanges(
  ctx: RunContext,
  looks: readonly ReachedLook[],
  roles: readonly HostRole[],
): Promise<ReadonlyMap<string, readonly PendingChanges[]>> {
  const pending = new Map<string, PendingChanges[]>();
  const keyOf = ({ playbook, pattern, role }: HostRole): string => `${playbook} ${pattern} ${role}`;
  for (const key of new Set(roles.map(keyOf))) {
    const same = roles.filter((role) => keyOf(role) === key);
    const surveys = looks.flatMap((look) => surveysOf(look, same));
    if (surveys.length === 0) continue;
    const [{ playbook, members }] = same as [HostRole];
    const serials = await decideSerials(ctx, surveys, members);
    for (const { desired, observation } of surveys) {
      const changes = notByHand(plan({ desired, observation, serials }), observation);
      if (changes.length === 0) continue;
      const resources = changes.map(({ id }) => id);
      const isFirst = !hasConfirmed(desired, observation);
      pending.set(desired.host.name, added(pending.get(desired.host.name) ?? [], { playbook, isFirst, resources }));
    }
  }
  return pending;
}

/** One entry for each playbook. */
function added(all: readonly PendingChanges[], { playbook, isFirst, resources }: PendingChanges): PendingChanges[] {
  const others = all.filter((one) => one.playbook !== playbook);
  const same = all.find((one) => one.playbook === playbook);
  return [
    ...others,
    { playbook, isFirst: isFirst && (same?.isFirst ?? true), resources: [...(same?.resources ?? []), ...resources] },
  ];
}

function surveysOf(
  { host, connection, observation }: ReachedLook,
  roles: readonly HostRole[],
): readonly SurveyedHost[] {
  const role = roles.find((one) => one.host.name === host.name);
  if (role === undefined) return [];
  return [{ desired: role.desired, connection, observation, early: Promise.resolve([]), startedMs: 0 }];
}

/** Without those that only put back what a person changed, and without the units that only follow them. */
export function notByHand(changes: readonly Change[], observation: Observation): readonly Change[] {
  const managed = new Map(observation.managed.map((entry) => [entry.path, entry]));
  const byHand = changes.filter((change) => {
    const entry = 'path' in change ? managed.get(change.path) : undefined;
    return entry !== undefined && isOnlyByHand(change, entry, observation);
  });
  const ids = new Set<string>(byHand.map(({ id }) => id));
  return changes.filter(
    (change) => !ids.has(change.id) && !(change.kind === 'unit' && change.because.every((id) => ids.has(id))),
  );
}

/** What is described is what we wrote: only the host differs. */
function isOnlyByHand(change: Change, entry: ManagedEntry, observation: Observation): boolean {
  if (change.kind === 'directory') {
    const isAsWritten = change.mode === entry.mode && change.owner === entry.owner && change.group === entry.group;
    return isAsWritten && driftOf(entry, observation.paths.get(entry.path)) !== undefined;
  }
  if (change.kind !== 'write') return false;
  const isSame = change.mode === entry.mode && change.owner === entry.owner && change.group === entry.group;
  return isSame && (change.sha256 === entry.sha256 || isZoneAsWritten(change, entry, observation));
}

/** A zone that a person touched gets a new serial, on every member: the records are still those that we wrote. */
function isZoneAsWritten(
  { resource, path }: Extract<Change, { readonly kind: 'write' }>,
  entry: ManagedEntry,
  { zoneSerials, highestSerials }: Observation,
): boolean {
  if (resource.kind !== 'zone') return false;
  const serials = [zoneSerials.get(path), highestSerials.get(resource.zone.name)];
  return serials.some((serial) => serial !== undefined && sha256(renderZone(resource.zone, serial)) === entry.sha256);
}
