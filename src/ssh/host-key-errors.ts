/** The words in which a host key is refused: both fingerprints, where the known one stands, and what to do. */
import { HostKeyChangedError, HostKeyRevokedError, HostKeyUnknownError } from './errors.ts';
import { fingerprint, type HostKey } from './host-key.ts';
import type { KnownHostsEntry, KnownKeys, LookupName, Verdict } from './known-hosts.ts';
import { quoteArgv } from './quote.ts';

const COMPARE =
  "Compare it with the one on the host's console (Fedora CoreOS prints it above the login prompt; else: ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub)";

export interface UnknownKeyContext {
  readonly host: string;
  /** Hosts on the way (ProxyJump) are not in the inventory: their keys are accepted with ssh itself. */
  readonly isJump: boolean;
  readonly address: string;
  readonly port: number;
  readonly offered: HostKey;
  readonly files: readonly string[];
  readonly malformed: readonly { readonly file: string; readonly line: number }[];
  readonly known: KnownKeys;
}

/** No file knows the host. */
export function hostKeyUnknown(context: UnknownKeyContext): HostKeyUnknownError {
  const { host, known, offered, files } = context;
  const accept = context.isJump
    ? `connect to it once with ssh: ${quoteArgv(['ssh', '-p', String(context.port), context.address])}`
    : `accept it with: ${quoteArgv(['run', 'inventory', 'trust', host])}`;
  return new HostKeyUnknownError(`the host key of ${host} (${known.lookup.name}) is not known`, {
    host,
    offered,
    detail: [
      `offered: ${offered.type} ${fingerprint(offered)}`,
      `looked for ${known.lookup.name} in ${files.join(', ') || 'no file'}`,
      ...context.malformed.map((at) => `${at.file}:${at.line} is not a known_hosts line and was skipped`),
      ...known.certAuthorities.map(
        (at) => `${at.file}:${at.line} names a certificate authority: host certificates are not supported`,
      ),
    ],
    remedy: `${COMPARE}; if it is the same, ${accept}`,
  });
}

/** A file knows another key. */
export function hostKeyChanged(context: {
  readonly host: string;
  readonly lookup: LookupName;
  readonly offered: HostKey;
  readonly known: KnownHostsEntry;
}): HostKeyChangedError {
  const { host, lookup, offered, known } = context;
  const isJustAnotherType = known.key.type !== offered.type;
  return new HostKeyChangedError(
    isJustAnotherType
      ? `${host} (${lookup.name}) does not show the host key that is known, but one of another type`
      : `THE HOST KEY OF ${host} (${lookup.name}) HAS CHANGED`,
    {
      host,
      where: { file: known.file, line: known.line },
      detail: [
        `known:   ${known.key.type} ${fingerprint(known.key)} (${known.file}:${known.line})`,
        `offered: ${offered.type} ${fingerprint(offered)}`,
      ],
      remedy:
        'Either the host was installed anew, or somebody stands between you and it and reads what you send: do not go on before you know which. ' +
        `${COMPARE}. If the offered key is the host's, take the old one out and accept the new one: ` +
        `${quoteArgv(['ssh-keygen', '-R', lookup.name, '-f', known.file])} && ${quoteArgv(['run', 'inventory', 'trust', host])}`,
    },
  );
}

/** A file forbids the offered key. */
export function hostKeyRevoked(host: string, offered: HostKey, by: KnownHostsEntry): HostKeyRevokedError {
  return new HostKeyRevokedError(`the host key of ${host} is revoked by ${by.file}:${by.line}`, {
    host,
    where: { file: by.file, line: by.line },
    detail: [`offered: ${offered.type} ${fingerprint(offered)}`],
    remedy:
      'Somebody declared this key stolen or retired. Give the host a new one (rm /etc/ssh/ssh_host_*; restart sshd), then trust that.',
  });
}

/** The error for a verdict that does not trust the key. */
export function hostKeyError(verdict: Exclude<Verdict, { kind: 'trusted' }>, context: UnknownKeyContext) {
  switch (verdict.kind) {
    case 'unknown':
      return hostKeyUnknown(context);
    case 'changed':
      return hostKeyChanged({
        host: context.host,
        lookup: context.known.lookup,
        offered: context.offered,
        known: verdict.known,
      });
    case 'revoked':
      return hostKeyRevoked(context.host, context.offered, verdict.by);
  }
}
