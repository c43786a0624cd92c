/** What each host should be: the resources of a play's roles, checked against each other. Pure. */

import type { Zone } from '../dns/zone.ts';
import type { Host, Inventory } from '../inventory/model.ts';
import { roleVars } from '../inventory/role-vars.ts';
import type { Play, ProbeContext, RoleUse } from '../playbook/define.ts';
import type { Precondition } from '../playbook/precondition.ts';
import type { TemporaryState } from '../playbook/temporary-state.ts';
import type { Probe } from '../probes/types.ts';
import { secretsReferredTo } from '../resources/podman-secret.ts';
import type { Resource } from '../resources/types.ts';
import { DesiredStateError } from './errors.ts';
import type { PodmanSecretEntry } from './observation.ts';
import type { NamedSecret } from './podman-secrets.ts';

export interface OwnedResource {
  readonly role: string;
  readonly resource: Resource;
}

export interface DesiredHost {
  readonly host: Host;
  readonly resources: readonly OwnedResource[];
  /** Roles whose whole state is in `resources`: only of these may something be deleted that is no longer described. */
  readonly roles: readonly string[];
  /** Probes of all roles, or of the one that is named; by zone name the serial to expect, where one is known. */
  probes(serials: ReadonlyMap<string, number>, role?: string): readonly Probe[];
  /** What a change of its roles, or of the one that is named, needs for a while, here or on peers. Default: nothing. */
  temporaryStates?(role?: string): readonly TemporaryState[];
  /** What must hold before one of these roles changes the host. */
  preconditions?(roles: readonly string[]): readonly Precondition[];
  /** One of its roles only stands by for another host. Default: false. */
  readonly standsBy?: boolean;
  /** Secondaries copy zones of one of its roles. Default: false. */
  readonly hasSecondaries?: boolean;
  /** Once they are named (podman-secrets.ts). */
  readonly podmanSecrets?: readonly NamedSecret[];
  /** Podman secrets of an earlier generation, which its quadlets name; they are still on the host. */
  readonly keptSecrets?: readonly PodmanSecretEntry[];
}

/** The part of a host that one of its roles describes. */
export function ofRole(desired: DesiredHost, role: string): DesiredHost {
  return {
    ...desired,
    resources: desired.resources.filter((owned) => owned.role === role),
    roles: [role],
    probes: (serials) => desired.probes(serials, role),
    temporaryStates: () => desired.temporaryStates?.(role) ?? [],
    preconditions: (changing) => desired.preconditions?.(changing.filter((name) => name === role)) ?? [],
  };
}

export interface TagFilter {
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
}

/** The role uses that the tags select. `all` and an empty list select every use; a use without tags is known by its role's name. */
export function selectRoles(play: Play, filter: TagFilter): readonly RoleUse[] {
  return play.roles.filter((use) => {
    const tags = [use.role.name, ...use.tags];
    const selected =
      filter.tags.length === 0 || filter.tags.includes('all') || tags.some((tag) => filter.tags.includes(tag));
    return selected && !tags.some((tag) => filter.skipTags.includes(tag));
  });
}

export interface DesiredInput {
  readonly uses: readonly RoleUse[];
  readonly members: readonly Host[];
  readonly inventory: Inventory;
  readonly zones: () => readonly Zone[];
}

/** Desired state of one host. Throws DesiredStateError when two roles claim the same thing, and what the roles themselves refuse. */
export function desiredHost(host: Host, input: DesiredInput): DesiredHost {
  const contexts = input.uses.map((use) => ({
    role: use.role,
    context: {
      vars: roleVars(use.role, host, use.vars),
      host,
      members: input.members,
      inventory: input.inventory,
      zones: input.zones,
    },
  }));
  const resources = contexts.flatMap(({ role, context }) =>
    role.resources(context).map((resource) => ({ role: role.name, resource })),
  );
  refuseConflicts(host.name, resources);
  return {
    host,
    resources,
    roles: [...new Set(contexts.map(({ role }) => role.name))],
    standsBy: contexts.some(({ role, context }) => role.standsBy?.(context) === true),
    hasSecondaries: contexts.some(({ role, context }) => role.hasSecondaries?.(context) === true),
    temporaryStates: (only) =>
      contexts
        .filter(({ role }) => only === undefined || role.name === only)
        .flatMap(({ role, context }) => role.temporaryStates?.(context) ?? []),
    preconditions: (changing) =>
      contexts.flatMap(({ role, context }) =>
        changing.includes(role.name) ? (role.preconditions?.(context) ?? []) : [],
      ),
    probes: (serials, only) =>
      contexts
        .filter(({ role }) => only === undefined || role.name === only)
        .flatMap(({ role, context }) => role.probes?.({ ...context, serials } satisfies ProbeContext<unknown>) ?? []),
  };
}

/** One owner for every id and every path; triggers must name something that exists. */
function refuseConflicts(host: string, owned: readonly OwnedResource[]): void {
  const owners = new Map<string, OwnedResource>();
  for (const entry of owned) {
    const keys = 'path' in entry.resource ? [entry.resource.id, entry.resource.path] : [entry.resource.id];
    for (const key of keys) {
      const other = owners.get(key);
      if (other !== undefined && other !== entry) {
        throw new DesiredStateError(`${key} is described twice: by role ${other.role} and by role ${entry.role}`, {
          host,
          remedy: 'Let one of the two roles own it.',
        });
      }
      owners.set(key, entry);
    }
  }
  for (const { role, resource } of owned) {
    for (const trigger of triggersOf(resource)) {
      if (!owners.has(trigger)) {
        throw new DesiredStateError(
          `${resource.id} of role ${role} ${resource.kind === 'quadlet' ? 'uses' : 'waits for changes of'} ${trigger}, which no role describes`,
          { host, remedy: `Correct the id, or describe ${trigger}.` },
        );
      }
    }
  }
}

function triggersOf(resource: Resource): readonly string[] {
  if (resource.kind === 'unit') return [...resource.restartOn, ...resource.reloadOn];
  if (resource.kind === 'quadlet') return secretsReferredTo(resource.content).map((name) => `podman-secret:${name}`);
  return resource.kind === 'command' ? (resource.onChangeOf ?? []) : [];
}
