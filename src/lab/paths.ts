/** Where a lab keeps its things, and what its parts are called on this machine. */
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';

/** Everything lies below one folder, on one file system: hosts hard-link from the cached trees. */
export function labBase(): string {
  // biome-ignore lint/style/noProcessEnv: tests and users with a small /var move the lab by it; every lab command has to agree
  return process.env['COREOS_INFRA_LAB_DIR'] || '/var/lib/coreos-infra-lab';
}

export const cacheFolder = (): string => join(labBase(), 'cache');
export const labsFolder = (): string => join(labBase(), 'labs');
export const labFolder = (labName: string): string => join(labsFolder(), labName);
export const labLock = (labName: string): string => join(labBase(), 'locks', `${labName}.lock`);
export const allLabsLock = (): string => join(labBase(), 'locks', 'all-labs');
export const hostFolder = (labName: string, host: string): string => join(labFolder(labName), 'hosts', host);
/** What `lab publish` makes, and the server of it shows. */
export const publishFolder = (labName: string): string => join(labFolder(labName), 'publish');
export const consoleFile = (labName: string, host: string): string =>
  join(labFolder(labName), 'consoles', `${host}.log`);

/** A lab for each checkout, unless a name is given: the folder's name and a hash of its path. */
export function defaultLabName(checkout: string): string {
  const name = basename(checkout)
    .replace(/[^a-zA-Z0-9-]/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 24);
  return `${name || 'lab'}-${hash(checkout, 6)}`;
}

/** Names of network parts: at most 15 characters, and all of one lab begin alike, so that leftovers are found. */
export const linkPrefix = (labName: string): string => `cl${hash(labName, 6)}`;
export const bridgeName = (labName: string, index: number): string => `${linkPrefix(labName)}b${index}`;
export const vethName = (labName: string, host: string): string => `${linkPrefix(labName)}v${hash(host, 5)}`;
export const netnsPrefix = (labName: string): string => `coreos-infra-lab.${labName}.`;
export const netnsName = (labName: string, host: string): string => `${netnsPrefix(labName)}${host}`;
export const machineName = (labName: string, host: string): string => `lab-${hash(`${labName}/${host}`, 12)}`;

/** The same at every boot, as a real card's. */
export function macAddress(labName: string, host: string): string {
  const digits = hash(`mac ${labName}/${host}`, 10);
  return `02:${digits.match(/../g)?.join(':')}`;
}

export function hash(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
