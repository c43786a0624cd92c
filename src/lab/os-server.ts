/** The server of a lab's published releases: on the gateway's address of each network, from `lab up` until `lab down`. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { OsArtifacts } from './artifacts.ts';
import { consoleFile, publishFolder } from './paths.ts';
import { commandsOf, killAll, processesOf } from './processes.ts';
import { run } from './shell.ts';
import type { LabNetwork } from './state.ts';

/** Port on the lab's bridges at which later operating systems are published. */
export const OS_REMOTE_PORT = 8077;

/** What hosts of this network know as their remote, registry and update graph. */
export function osRemoteUrl(gateway: string): string {
  return `http://${gateway.includes(':') ? `[${gateway}]` : gateway}:${OS_REMOTE_PORT}`;
}

/** Starts the server unless it runs as it should. It outlives this program. */
export async function ensureOsServer(labName: string, networks: readonly LabNetwork[], os: OsArtifacts): Promise<void> {
  const folder = publishFolder(labName);
  await prepareFolder(folder, os);
  const command = [
    join(os.program, 'lab-os'),
    folder,
    String(OS_REMOTE_PORT),
    ...networks.map(({ gateway }) => gateway),
  ];
  if (commandsOf(folder).some((running) => running.join('\0') === command.join('\0'))) return;
  await killAll(() => processesOf(folder), 'stopping the server of releases');
  const log = consoleFile(labName, 'releases');
  mkdirSync(join(log, '..'), { recursive: true });
  const output = openSync(log, 'a', 0o600);
  const [program = '', ...args] = command;
  spawn(program, args, { cwd: '/', detached: true, stdio: ['ignore', output, output] }).unref();
  closeSync(output);
}

/** `repo` for what is published, above `parent`: the repository of the system that the hosts were installed from. */
async function prepareFolder(folder: string, { os }: OsArtifacts): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const parent = join(folder, 'parent');
  if (!existsSync(parent)) {
    rmSync(parent, { force: true });
    symlinkSync(join(os, 'repo'), parent);
  }
  const repo = join(folder, 'repo');
  if (existsSync(join(repo, 'config'))) return;
  await run(['ostree', `--repo=${repo}`, 'init', '--mode=bare'], { what: 'making the repository of releases' });
  for (const [key, value] of [
    ['core.parent', parent],
    ['core.fsync', 'false'],
  ] as const) {
    await run(['ostree', `--repo=${repo}`, 'config', 'set', key, value], { what: 'making the repository of releases' });
  }
}
