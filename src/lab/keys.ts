/** The lab's keys: one for the user, one pair per host, and the known_hosts that follows from them (nothing is trusted on first use). */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labFolder } from './paths.ts';
import { run } from './shell.ts';

const HOST_KEY_TYPES = ['ed25519', 'ecdsa'] as const;

export const identityFile = (labName: string): string => join(labFolder(labName), 'id_ed25519');
export const knownHostsFile = (labName: string): string => join(labFolder(labName), 'known_hosts');
export const hostKeysFolder = (labName: string, host: string): string => join(labFolder(labName), 'keys', host);

/** Makes the keys that are missing. */
export async function ensureKeys(labName: string, hosts: readonly string[]): Promise<void> {
  await ensureKey(identityFile(labName), 'ed25519', `core@${labName}`);
  for (const host of hosts) {
    mkdirSync(hostKeysFolder(labName, host), { recursive: true, mode: 0o700 });
    await Promise.all(HOST_KEY_TYPES.map((type) => ensureKey(hostKeyFile(labName, host, type), type, host)));
  }
}

export function writeKnownHosts(
  labName: string,
  hosts: readonly { readonly name: string; readonly address: string }[],
): void {
  const lines = hosts.flatMap(({ name, address }) =>
    HOST_KEY_TYPES.map((type) => {
      const [keyType, key] = readFileSync(`${hostKeyFile(labName, name, type)}.pub`, 'utf8').split(' ');
      return `${address} ${keyType} ${key}\n`;
    }),
  );
  const file = knownHostsFile(labName);
  writeFileSync(`${file}.new`, lines.join(''), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

const hostKeyFile = (labName: string, host: string, type: string): string =>
  join(hostKeysFolder(labName, host), `ssh_host_${type}_key`);

async function ensureKey(file: string, type: string, comment: string): Promise<void> {
  if (existsSync(file) && existsSync(`${file}.pub`)) return;
  // -f with an existing half would ask: the private key is written before the public one.
  await run(['sh', '-c', 'rm -f "$1" && ssh-keygen -q -t "$2" -N "" -C "$3" -f "$1"', '-', file, type, comment], {
    what: 'making a key',
  });
}
