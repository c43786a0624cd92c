/** The `podmanSecret` resource, and the ways in which a quadlet names one (podman-secret-create(1), podman-systemd.unit(5) Secret=). */
import type { Secret } from '../secrets/secret.ts';
import { ResourceError } from './errors.ts';
import { RawValue } from './quadlet.ts';
import type { PodmanSecretResource } from './types.ts';

/** Its name on the host is another one at each value: `kea-db-1f0c42a7be93`. Podman's secrets are never replaced while a container uses them. */
export function podmanSecret(options: { readonly name: string; readonly value: Secret }): PodmanSecretResource {
  return {
    kind: 'podman-secret',
    id: `podman-secret:${checkedName(options.name)}`,
    name: options.name,
    value: options.value,
  };
}

export interface SecretMount {
  /** Absolute path in the container; default /run/secrets/NAME. */
  readonly target?: string;
  /** Default 0, as podman's. */
  readonly uid?: number;
  readonly gid?: number;
  /** Default 0o400. */
  readonly mode?: number;
}

/** For a quadlet's `Secret`: a file in the container that holds the secret. */
export function mountedSecret({ name }: PodmanSecretResource, mount: SecretMount = {}): SecretReference {
  const { target = `/run/secrets/${name}`, uid = 0, gid = 0, mode = 0o400 } = mount;
  // Podman splits at commas and knows no quotes; systemd splits at blanks and reads %.
  if (!/^\/[A-Za-z0-9_./-]+$/.test(target))
    throw new ResourceError(`secret ${name}: ${JSON.stringify(target)} is no path that podman can mount it at`, {
      remedy: 'Give an absolute path of letters, digits and . _ - /.',
    });
  return new SecretReference(name, `,type=mount,target=${target},uid=${uid},gid=${gid},mode=0${mode.toString(8)}`);
}

/** For a quadlet's `Secret`: an environment variable of the container. Whoever may inspect the container can read it: prefer a file. */
export function environmentSecret({ name }: PodmanSecretResource, variable: string): SecretReference {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable))
    throw new ResourceError(`secret ${name}: ${JSON.stringify(variable)} is no name of an environment variable`, {
      remedy: 'Use letters, digits and _.',
    });
  return new SecretReference(name, `,type=env,target=${variable}`);
}

/** Stands in a quadlet's text for the name that the secret has on the host. No other value of a unit file may hold a control character. */
const MARK = '\u0001';

export class SecretReference extends RawValue {
  override readonly isReference = true;

  constructor(name: string, options: string) {
    super(`${MARK}${checkedName(name)}${MARK}${options}`);
  }
}

/** Names of the secrets that a quadlet's text refers to. */
export function secretsReferredTo(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\u0001([^\u0001]*)\u0001/g)].map(([, name = '']) => name))];
}

/** The text with every reference replaced by the name on the host. */
export function withSecretNames(text: string, hostName: (name: string) => string): string {
  return text.replace(/\u0001([^\u0001]*)\u0001/g, (_mark, name: string) => hostName(name));
}

function checkedName(name: string): string {
  // Podman takes 253 characters; our suffix has 13.
  if (/^[a-z][a-z0-9_.-]{0,199}$/.test(name)) return name;
  throw new ResourceError(`${JSON.stringify(name)} is no name of a podman secret`, {
    remedy: 'Use lower-case letters, digits and . _ -, a letter first.',
  });
}
