/** The format of known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): which keys are known for a host. Pure. */
import { createHmac } from 'node:crypto';
import { formatPublicKey, type HostKey, parsePublicKey } from './host-key.ts';
import { matchesPatternList } from './pattern.ts';

/** One line of a known_hosts file that we understand. */
export interface KnownHostsEntry {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  readonly marker?: 'revoked' | 'cert-authority';
  /** The first field as written: patterns, or one hashed name. */
  readonly hosts: string;
  readonly key: HostKey;
}

export interface KnownHosts {
  readonly entries: readonly KnownHostsEntry[];
  /** Lines that are neither empty, a comment nor an entry; ssh skips them silently, we say so when no key is found. */
  readonly malformed: readonly { readonly file: string; readonly line: number }[];
}

/** The name under which a host's keys are kept. */
export interface LookupName {
  /** `192.0.2.11`, `[192.0.2.11]:2222`, or the HostKeyAlias as it stands. */
  readonly name: string;
  /** The name without its port, under which ssh looks too when the first one is not found (sshconnect.c, "checking without port"). */
  readonly portless?: string;
}

/** What known_hosts says about one host. */
export interface KnownKeys {
  readonly lookup: LookupName;
  readonly keys: readonly KnownHostsEntry[];
  /** Keys of the same address at any port: trusted if equal, but not a contradiction if not. */
  readonly portlessKeys: readonly KnownHostsEntry[];
  readonly revoked: readonly KnownHostsEntry[];
  /** Lines that we cannot use: host certificates are not supported. */
  readonly certAuthorities: readonly KnownHostsEntry[];
}

export type Verdict =
  | { readonly kind: 'trusted'; readonly by: KnownHostsEntry }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'changed'; readonly known: KnownHostsEntry }
  | { readonly kind: 'revoked'; readonly by: KnownHostsEntry };

const DEFAULT_PORT = 22;

/** The name under which ssh keeps a host's keys; an alias (HostKeyAlias) is used without a port. */
export function lookupName(address: string, port: number, alias?: string): LookupName {
  if (alias !== undefined) return { name: alias };
  return port === DEFAULT_PORT ? { name: address } : { name: `[${address}]:${port}`, portless: address };
}

/** Reads the text of a known_hosts file. `file` is only for messages. */
export function parseKnownHosts(text: string, file: string): KnownHosts {
  const entries: KnownHostsEntry[] = [];
  const malformed: { file: string; line: number }[] = [];
  text.split('\n').forEach((raw, index) => {
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) return;
    const entry = parseLine(content, file, index + 1);
    if (entry === undefined) malformed.push({ file, line: index + 1 });
    else entries.push(entry);
  });
  return { entries, malformed };
}

function parseLine(content: string, file: string, line: number): KnownHostsEntry | undefined {
  const fields = content.split(/[ \t]+/);
  const marker = fields[0]?.startsWith('@') ? fields.shift()?.slice(1) : undefined;
  if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return undefined;
  const [hosts, type, base64] = fields;
  if (hosts === undefined || type === undefined || base64 === undefined) return undefined;
  const key = parsePublicKey(type, base64);
  if (key === undefined) return undefined;
  return { file, line, hosts, key, ...(marker === undefined ? {} : { marker }) };
}

/** All that `known` says about the host of that name. */
export function lookupKeys(known: KnownHosts, lookup: LookupName): KnownKeys {
  const matching = (name: string) => known.entries.filter((entry) => matchesHosts(entry.hosts, name));
  const exact = matching(lookup.name);
  const portless = lookup.portless === undefined ? [] : matching(lookup.portless);
  const marked = (marker: KnownHostsEntry['marker']) =>
    [...exact, ...portless].filter((entry) => entry.marker === marker);
  return {
    lookup,
    keys: exact.filter((entry) => entry.marker === undefined),
    portlessKeys: portless.filter((entry) => entry.marker === undefined),
    revoked: marked('revoked'),
    certAuthorities: marked('cert-authority'),
  };
}

/**
 * Whether the offered key is the host's.
 *
 * Stricter than ssh in one point: a key of a type that known_hosts lacks for a host whose other keys it has is `changed`,
 * not `unknown`. We ask the host for the known types first (algorithms.ts), so a host that still has such a key shows it;
 * somebody who has not could otherwise pass as merely new by offering another type.
 */
export function judgeHostKey(known: KnownKeys, offered: HostKey): Verdict {
  const same = (entry: KnownHostsEntry) => entry.key.blob.equals(offered.blob);
  const revoked = known.revoked.find(same);
  if (revoked !== undefined) return { kind: 'revoked', by: revoked };
  const trusted = known.keys.find(same) ?? (known.keys.length === 0 ? known.portlessKeys.find(same) : undefined);
  if (trusted !== undefined) return { kind: 'trusted', by: trusted };
  const changed = known.keys.find((entry) => entry.key.type === offered.type) ?? known.keys[0];
  return changed === undefined ? { kind: 'unknown' } : { kind: 'changed', known: changed };
}

/** A line for known_hosts; with a salt (20 random bytes) the name is hashed as by `ssh-keygen -H`: `|1|salt|HMAC-SHA1(salt, name)`. */
export function formatKnownHostsLine(name: string, key: HostKey, salt?: Buffer): string {
  const hosts = salt === undefined ? name : `|1|${salt.toString('base64')}|${hashName(salt, name.toLowerCase())}`;
  return `${hosts} ${formatPublicKey(key)}`;
}

/** Whether this user keeps hashed names (HashKnownHosts yes): then a new line is hashed too. */
export function usesHashedNames(known: KnownHosts): boolean {
  const names = known.entries.filter((entry) => entry.marker === undefined);
  return names.length > 0 && names.every((entry) => entry.hosts.startsWith('|1|'));
}

function matchesHosts(hosts: string, name: string): boolean {
  if (!hosts.startsWith('|')) return matchesPatternList(hosts.split(','), name.toLowerCase());
  const [, magic, salt, hash] = hosts.split('|');
  if (magic !== '1' || salt === undefined || hash === undefined) return false;
  return hashName(Buffer.from(salt, 'base64'), name.toLowerCase()) === hash;
}

function hashName(salt: Buffer, name: string): string {
  return createHmac('sha1', salt).update(name).digest('base64');
}
