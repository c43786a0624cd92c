/** known_hosts on disk: reading several files as one, and adding a key to one of them. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KnownHostsFileError } from './errors.ts';
import type { HostKey } from './host-key.ts';
import { hostKeyChanged, hostKeyRevoked } from './host-key-errors.ts';
import {
  formatKnownHostsLine,
  judgeHostKey,
  type KnownHosts,
  type LookupName,
  lookupKeys,
  parseKnownHosts,
  usesHashedNames,
} from './known-hosts.ts';

/**
 * The entries of all `files` in order. A file that does not exist has none (a first connection has no known_hosts).
 * @throws KnownHostsFileError if a file exists and cannot be read.
 */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHosts> {
  const parsed = await Promise.all(files.map(readOne));
  return { entries: parsed.flatMap((one) => one.entries), malformed: parsed.flatMap((one) => one.malformed) };
}

async function readOne(file: string): Promise<KnownHosts> {
  try {
    return parseKnownHosts(await readFile(file, 'utf8'), file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { entries: [], malformed: [] };
    throw new KnownHostsFileError(`${file} cannot be read: ${(cause as Error).message}`, {
      where: { file },
      remedy: 'Without it no host key can be checked. Make the file readable for you, or name another one.',
      cause,
    });
  }
}

/**
 * Adds a key that the user has accepted; the name is hashed if all other names in the file are.
 * The file is created with mode 0600, its folder with 0700. One write in append mode, so two of us do not mix their lines.
 * @returns false if this very key was already there (nothing is written).
 * @throws HostKeyChangedError if the file has another key of that type for the host: the old one must be taken out first;
 *   HostKeyRevokedError, KnownHostsFileError.
 */
export async function appendKnownHost(file: string, lookup: LookupName, key: HostKey, host: string): Promise<boolean> {
  const existing = await readOne(file);
  const known = lookupKeys(existing, { name: lookup.name });
  const verdict = judgeHostKey(known, key);
  if (verdict.kind === 'trusted') return false;
  if (verdict.kind === 'revoked') throw hostKeyRevoked(host, key, verdict.by);
  const sameType = known.keys.find((entry) => entry.key.type === key.type);
  if (sameType !== undefined) throw hostKeyChanged({ host, lookup, offered: key, known: sameType });
  const salt = usesHashedNames(existing) ? randomBytes(20) : undefined;
  try {
    await append(file, `${formatKnownHostsLine(lookup.name, key, salt)}\n`);
  } catch (cause) {
    throw new KnownHostsFileError(`${file} cannot be written: ${(cause as Error).message}`, {
      where: { file },
      remedy: 'Make the file writable for you, or add the line yourself (ssh-keyscan prints it).',
      cause,
    });
  }
  return true;
}

async function append(file: string, line: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const needsNewline = size > 0 && last[0] !== 0x0a;
    await handle.write(needsNewline ? `\n${line}` : line);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
