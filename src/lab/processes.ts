/** Finds a lab's processes as the kernel shows them: what was remembered may have died, what was forgotten may run. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './errors.ts';

/** For each of the network namespaces (by name): the processes in it, and the host's PID 1 if it runs. */
export interface HostProcesses {
  readonly pids: readonly number[];
  readonly init: number | undefined;
}

/** One pass over /proc for any number of hosts. */
export function hostProcesses(netnsNames: readonly string[]): Map<string, HostProcesses> {
  const byInode = new Map<number, { name: string; pids: number[]; init: number | undefined }>();
  for (const name of netnsNames) {
    const inode = inodeOf(`/run/netns/${name}`);
    if (inode !== undefined) byInode.set(inode, { name, pids: [], init: undefined });
  }
  const ownDepth = namespacePids('self').length;
  for (const pid of allPids()) {
    const inode = inodeOf(`/proc/${pid}/ns/net`);
    const host = inode === undefined ? undefined : byInode.get(inode);
    if (host === undefined) continue;
    host.pids.push(pid);
    // A container's first process is a 1 too, but one namespace deeper.
    const depths = namespacePids(String(pid));
    if (depths.length === ownDepth + 1 && depths.at(-1) === '1') host.init = pid;
  }
  return new Map([...byInode.values()].map(({ name, pids, init }) => [name, { pids, init }]));
}

/** What the lab starts; a pager on a console file is nobody's to kill. */
const LAB_PROGRAMS = new Set([
  'bash',
  'unshare',
  'systemd-nspawn',
  'ostree',
  'mkfs.ext4',
  'ssh',
  'lab-os',
  'setpriv',
  'chroot',
  'env',
  'chronyd',
]);

/** The lab's processes that have `folder`, or a path below it, for an argument: a host's supervisor and nspawn, builds under way. */
export function processesOf(folder: string): number[] {
  const isBelow = (path: string): boolean => path === folder || path.startsWith(`${folder}/`);
  return allPids().filter((pid) => {
    const [program = '', ...args] = argumentsOf(pid);
    return (
      pid !== process.pid &&
      LAB_PROGRAMS.has(basename(program)) &&
      args.some((arg) => isBelow(arg) || isBelow(arg.slice(arg.indexOf('=') + 1)))
    );
  });
}

/** The full command lines of those processes. */
export function commandsOf(folder: string): string[][] {
  return processesOf(folder).map((pid) => argumentsOf(pid).slice(0, -1)); // each argument ends with a zero, the last one too
}

/** Whether the boot loop of the host in `folder` runs. */
export function isSupervised(folder: string): boolean {
  return allPids().some((pid) => {
    const args = argumentsOf(pid);
    return args.includes(folder) && args.some((arg) => arg.endsWith('/host-boot.sh'));
  });
}

/** Kills until `find` finds nothing more. */
export async function killAll(
  find: () => readonly number[],
  what: string,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (let pids = find(); pids.length > 0; pids = find()) {
    for (const pid of pids) kill(pid, signal);
    if (Date.now() > deadline) {
      throw new LabError(`${what}: processes ${pids.join(' ')} do not end`, {
        remedy: 'Look at them with ps; a process in state D waits for the kernel.',
      });
    }
    await sleep(20);
  }
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it is gone already, which is what was wanted
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}

function argumentsOf(pid: number): string[] {
  return read(`/proc/${pid}/cmdline`).split('\0');
}

function namespacePids(pid: string): string[] {
  return /^NSpid:\s+(.*)$/m.exec(read(`/proc/${pid}/status`))?.[1]?.split(/\s+/) ?? [];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
