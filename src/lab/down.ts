/** `lab down`: nothing of the lab runs, is mounted or is wired any more, and its hosts' disks are deleted; what was built stays cached. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { powerOff, removeFolder } from './hosts.ts';
import { withLock } from './lock.ts';
import { labFolder, labLock, linkPrefix, netnsPrefix } from './paths.ts';
import { hostProcesses, killAll, processesOf } from './processes.ts';
import type { Log } from './progress.ts';
import { step } from './progress.ts';
import { requireRoot } from './requirements.ts';
import { forEachLimited, run, runScript } from './shell.ts';
import { readLabState } from './state.ts';

/** False when there was nothing of that name. Leftovers of a killed run are found by what the kernel shows, not by what is on record. */
export async function labDown(labName: string, log: Log = () => undefined): Promise<boolean> {
  requireRoot();
  const isThere =
    existsSync(labFolder(labName)) || leftoverNamespaces(labName).length > 0 || leftoverLinks(labName).length > 0;
  if (!isThere) return false;
  await withLock(labLock(labName), `the lab ${labName}`, 60_000, () =>
    step(log, `taking down the lab ${labName}`, () => takeDown(labName)),
  );
  return true;
}

async function takeDown(labName: string): Promise<void> {
  const state = readLabState(labName);
  await forEachLimited(state?.hosts ?? [], 8, (host) => powerOff(labName, host));
  await killAll(() => processesOf(labFolder(labName)), `taking down the lab ${labName}`);
  const namespaces = leftoverNamespaces(labName);
  await killAll(
    () => [...hostProcesses(namespaces).values()].flatMap((host) => host.pids),
    `taking down the lab ${labName}`,
  );
  for (const name of namespaces) await run(['ip', 'netns', 'del', name], { what: `removing the network of ${name}` });
  for (const network of state?.networks ?? []) {
    await runScript('network.sh', ['bridge-down', network.bridge, network.lab], {
      what: `removing the bridge of ${network.lab}`,
    });
  }
  for (const link of leftoverLinks(labName))
    await run(['sh', '-c', 'ip link del "$1" 2>/dev/null || [ ! -e "/sys/class/net/$1" ]', '-', link], {
      what: `removing ${link}`,
    });
  await removeFolder(labFolder(labName));
}

function leftoverNamespaces(labName: string): string[] {
  return list('/run/netns').filter((name) => name.startsWith(netnsPrefix(labName)));
}

function leftoverLinks(labName: string): string[] {
  return list('/sys/class/net').filter((name) => name.startsWith(linkPrefix(labName)));
}

function list(folder: string): string[] {
  return existsSync(join(folder)) ? readdirSync(folder) : [];
}
