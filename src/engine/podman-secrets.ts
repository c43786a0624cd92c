/** Which podman secrets of a host are kept, and which are made anew under a fresh name. Pure but for the names, which the caller draws. */
import { secretsReferredTo, withSecretNames } from '../resources/podman-secret.ts';
import type { PodmanSecretResource } from '../resources/types.ts';
import { fingerprint, hasFingerprint } from '../secrets/fingerprint.ts';
import { isResolved, Secret } from '../secrets/secret.ts';
import type { PodmanSecretChange } from './change.ts';
import type { DesiredHost, OwnedResource } from './desired.ts';
import type { Observation, PodmanSecretEntry } from './observation.ts';

export interface NamedSecret extends PodmanSecretEntry {
  readonly resource: PodmanSecretResource;
  /** Nothing of this value is on the host yet. */
  readonly action: 'create' | 'update' | undefined;
}

/** Random hexadecimal digits. */
export type Draw = (digits: number) => string;

const SUFFIX_DIGITS = 12;
const SALT_DIGITS = 32;

/**
 * The host with its secrets named and its quadlets naming them. The same value keeps its name; another value, or a secret that somebody
 * removed, gets a fresh one. Where values were not read (`run status`) a secret that is there counts as the same.
 */
export function withPodmanSecrets(desired: DesiredHost, observation: Observation, draw: Draw): DesiredHost {
  const named = desired.resources.flatMap(({ role, resource }) =>
    resource.kind === 'podman-secret' ? [nameSecret(role, resource, observation, draw)] : [],
  );
  if (named.length === 0) return desired;
  const names = new Map(named.map(({ name, hostName }) => [name, hostName]));
  const resources = desired.resources.map((owned): OwnedResource => {
    const { resource } = owned;
    if (resource.kind !== 'quadlet' || secretsReferredTo(resource.content).length === 0) return owned;
    const content = withSecretNames(resource.content, (name) => names.get(name) ?? name);
    return { ...owned, resource: { ...resource, content } };
  });
  return { ...desired, resources, podmanSecrets: named };
}

/** For whoever only compares (status, upgrades): nothing will be made, so no name is drawn. */
export function withKnownPodmanSecrets(desired: DesiredHost, observation: Observation): DesiredHost {
  if (desired.podmanSecrets !== undefined) return desired;
  return withPodmanSecrets(desired, observation, (digits) => '0'.repeat(digits));
}

function nameSecret(role: string, resource: PodmanSecretResource, seen: Observation, draw: Draw): NamedSecret {
  const { name, value } = resource;
  const known = (seen.podmanSecrets ?? []).filter((entry) => entry.role === role && entry.name === name);
  const same = known.find(
    (entry) =>
      seen.presentSecrets?.has(entry.hostName) === true &&
      (!isResolved(value) || hasFingerprint(value, entry.fingerprint)),
  );
  if (same !== undefined) return { ...same, resource, action: undefined };
  return {
    role,
    name,
    hostName: `${name}-${draw(SUFFIX_DIGITS)}`,
    fingerprint: isResolved(value) ? fingerprint(value, draw(SALT_DIGITS)) : '',
    resource,
    action: known.length > 0 ? 'update' : 'create',
  };
}

export function podmanSecretChanges(desired: DesiredHost): readonly PodmanSecretChange[] {
  return (desired.podmanSecrets ?? []).flatMap(({ action, role, hostName, resource }) =>
    action === undefined
      ? []
      : [{ kind: 'podman-secret' as const, id: resource.id, role, action, hostName, value: resource.value }],
  );
}

/** The manifest's podman secrets afterwards: those of this run's roles, and what other roles have. */
export function podmanSecretsAfter(desired: DesiredHost, observation: Observation): readonly PodmanSecretEntry[] {
  const others = (observation.podmanSecrets ?? []).filter(({ role }) => !desired.roles.includes(role));
  const ours = (desired.podmanSecrets ?? []).map(({ role, name, hostName, fingerprint: known }) => ({
    role,
    name,
    hostName,
    fingerprint: known,
  }));
  return [...others, ...ours, ...(desired.keptSecrets ?? [])];
}

/** Every secret that these hosts need: what must be read before their plans can be made. */
export function secretsOf(hosts: readonly DesiredHost[]): readonly Secret[] {
  return hosts.flatMap(({ resources }) =>
    resources.flatMap(({ resource }) => {
      if (resource.kind === 'podman-secret') return [resource.value];
      return resource.kind === 'file' && resource.content instanceof Secret ? [resource.content] : [];
    }),
  );
}
