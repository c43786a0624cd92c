/** Where a command works, and whom it talks to: the project's folder, the lab's name, the terminal. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { packageRoot } from '../assets.ts';

/** A user's repository (or this one): the folder that holds playbooks/, roles/ and inventory/. */
export interface Project {
  /** Absolute. */
  readonly dir: string;
}

/**
 * The current folder if it holds playbooks/ or inventory/; else the checkout that the program was started from,
 * so that a cron line may say /srv/dns/run deploy-dns. A package under node_modules is nobody's project.
 */
export function findProject(cwd: string = process.cwd()): Project {
  const isProject = (dir: string): boolean => existsSync(join(dir, 'playbooks')) || existsSync(join(dir, 'inventory'));
  if (isProject(cwd)) return { dir: cwd };
  const own = packageRoot();
  return !own.includes('/node_modules/') && isProject(own) ? { dir: own } : { dir: cwd };
}

/** Absolute path of the inventory: `-i`, relative to the current folder, else the project's inventory/. */
export function inventoryPath(project: Project, option?: string): string {
  return option === undefined ? join(project.dir, 'inventory') : resolve(option);
}

/** `--lab-name`, else COREOS_INFRA_LAB; undefined: the lab of this checkout. */
export function labNameOption(option?: string): string | undefined {
  return option ?? (process.env['COREOS_INFRA_LAB'] || undefined);
}

/** Where things may be kept that can be made again. */
export function userCacheDir(): string {
  return process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
}

/** How the user calls us, for hints that can be pasted: `./run` in a checkout, else `run`. */
export function commandName(): string {
  return process.env['COREOS_INFRA_COMMAND'] === './run' ? './run' : 'run';
}

/** Questions need somebody who can read and answer them. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}
