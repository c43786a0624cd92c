/** The manifest as the host keeps it: NUL-ended fields, eight for each entry. */
import type { ManagedEntry, PodmanSecretEntry } from '../engine/observation.ts';
import type { FieldReader } from './fields.ts';

/** Everything of ours that a generation has. */
export interface Manifest {
  readonly managed: readonly ManagedEntry[];
  readonly podmanSecrets: readonly PodmanSecretEntry[];
}

/** Fields of one entry, as `encodeManaged` writes them: role, kind, path, sha256, mode, owner, group, unit. */
const MANAGED_FIELDS = 8;
/** A file in which a secret stands. */
const SECRET_FILE = 'secret-file';
/** Its path is podman's name for it, its sha256 the fingerprint. */
const PODMAN_SECRET = 'podman-secret';
/** What podman's name has behind ours. */
const SUFFIX = /-[0-9a-f]{12}$/;

/** A count of fields, then the entries. */
export function readManaged(reader: FieldReader): Manifest {
  const fields = reader.count();
  if (fields % MANAGED_FIELDS !== 0) throw reader.misread('the list of managed files is cut off');
  const managed: ManagedEntry[] = [];
  const podmanSecrets: PodmanSecretEntry[] = [];
  for (let entry = 0; entry < fields / MANAGED_FIELDS; entry++) {
    const [role, kind] = [reader.text(), reader.text()];
    const rest = {
      path: reader.text(),
      sha256: reader.text(),
      mode: reader.octal(),
      owner: reader.text(),
      group: reader.text(),
      unit: reader.text(),
    };
    const { path, sha256 } = rest;
    if (kind === PODMAN_SECRET)
      podmanSecrets.push({ role, name: path.replace(SUFFIX, ''), hostName: path, fingerprint: sha256 });
    else if (kind === SECRET_FILE) managed.push({ role, kind: 'file', ...rest, secret: true });
    else if (kind === 'file' || kind === 'directory' || kind === 'quadlet' || kind === 'zone')
      managed.push({ role, kind, ...rest });
    else throw reader.misread('unknown kind of managed entry');
  }
  return { managed, podmanSecrets };
}

/** The entries as the host keeps them, NUL-ended fields. */
export function encodeManaged(
  entries: readonly ManagedEntry[],
  podmanSecrets: readonly PodmanSecretEntry[] = [],
): string {
  const files = entries.map(({ role, kind, path, sha256, mode, owner, group, unit, secret }) => [
    role,
    secret === true ? SECRET_FILE : kind,
    path,
    sha256,
    mode.toString(8),
    owner,
    group,
    unit,
  ]);
  const secrets = podmanSecrets.map(({ role, hostName, fingerprint }) => [
    role,
    PODMAN_SECRET,
    hostName,
    fingerprint,
    '600',
    'root',
    'root',
    '',
  ]);
  return [...files, ...secrets]
    .flat()
    .map((field) => `${field}\0`)
    .join('');
}
