/** Getting to know a host: its key as it offers it, and writing that key down once the user has accepted it. */
import type { SshTarget } from '../inventory/model.ts';
import { openRoute } from './connect.ts';
import { type SshEnvironment, sshEnvironment } from './environment.ts';
import { HostKeyUnknownError } from './errors.ts';
import type { HostKey } from './host-key.ts';
import { appendKnownHost } from './known-hosts-file.ts';
import { resolveRoute } from './route.ts';

export interface TrustOptions {
  /** The host's name in the inventory, for messages and `Host` lines of ssh_config. Default: the address. */
  readonly name?: string;
  readonly environment?: Partial<SshEnvironment>;
}

/**
 * The key that a host offers first (ed25519 before ECDSA before RSA). One connection, nobody logs in: sshd counts more of them
 * against us (PerSourcePenalties), and one key is enough, since we ask for the known type first.
 * @throws HostUnreachableError, and for hosts on the way (ProxyJump) all that connecting throws
 */
export async function scanHostKey(
  target: SshTarget,
  options: TrustOptions & { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<HostKey[]> {
  const { name = target.address, environment, ...connectOptions } = options;
  const route = await resolveRoute({ name, ssh: target }, sshEnvironment(environment));
  const targetParts = { known: { entries: [], malformed: [] }, identities: { attempts: [], notes: [] } };
  try {
    await openRoute(route, { ...connectOptions, targetParts });
  } catch (error) {
    if (error instanceof HostKeyUnknownError && error.host === name) return [error.offered];
    throw error;
  }
  throw new Error('an unknown host key was accepted');
}

/** Where a host's key belongs: the file that is written, and the name under which ssh looks for it. */
export async function knownHostsPlace(
  target: SshTarget,
  options: TrustOptions = {},
): Promise<{ readonly file: string; readonly name: string }> {
  const environment = sshEnvironment(options.environment);
  const { target: hop } = await resolveRoute({ name: options.name ?? target.address, ssh: target }, environment);
  return { file: hop.knownHostsFiles[0] ?? environment.systemKnownHostsFile, name: hop.lookup.name };
}

/**
 * Adds an accepted key to `file` (see knownHostsPlace), hashed if the file's other names are. Only the user's yes justifies this call.
 * @returns false if it was there already
 * @throws HostKeyChangedError if the file has another key of that type for the host; HostKeyRevokedError, KnownHostsFileError
 */
export async function addKnownHost(
  file: string,
  target: SshTarget,
  key: HostKey,
  options: TrustOptions = {},
): Promise<boolean> {
  const name = options.name ?? target.address;
  const { target: hop } = await resolveRoute({ name, ssh: target }, sshEnvironment(options.environment));
  return appendKnownHost(file, hop.lookup, key, name);
}
