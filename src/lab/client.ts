/** `lab client`: a command on a client of the lab's LAN, in a network namespace of its own that ends with it. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { basePath } from './artifacts.ts';
import { LabError, LabRequirementsError } from './errors.ts';
import { requireLab } from './find.ts';
import { labFolder, macAddress, vethName } from './paths.ts';
import { requireRoot } from './requirements.ts';
import { scriptPath } from './shell.ts';
import type { LabNetwork } from './state.ts';

export interface ClientOptions {
  /** Takes a lease by DHCP first: address, route and resolvers are those that it names. */
  readonly dhcp?: boolean;
  /** Its hardware address; default: always the same one, so that it is offered the same lease. Two at once need two. */
  readonly mac?: string;
  /** The inventory's network whose LAN it joins, `192.0.2.0/24`; default: the first. */
  readonly network?: string;
  /** It sees this machine's own files, instead of the lab's Debian tree (which has dig, chronyd, curl and udhcpc). */
  readonly onMachine?: boolean;
}

let started = 0;

/** Starts the command; it dies with this process at the latest, and takes namespace and cable with it. */
export function spawnClient(
  labName: string,
  command: readonly string[],
  options: ClientOptions = {},
  spawnOptions: SpawnOptions = {},
): ChildProcess {
  requireRoot();
  const { bridge } = networkOf(labName, options.network);
  const name = `~client ${process.pid} ${started++}`;
  const mac = options.mac ?? macAddress(labName, '~client');
  const root = join(basePath(), 'root');
  if (options.onMachine !== true && !existsSync(root)) {
    throw new LabError('the Debian tree of the lab’s client is not there', {
      remedy: 'It is built with the hosts: run lab up.',
    });
  }
  const inside =
    options.onMachine === true
      ? command
      : ['/bin/bash', '/client/start.sh', options.dhcp === true ? 'dhcp' : '-', ...command];
  const args = [
    // What waits for the death of its parent is told of it, also when that is killed.
    ...['--pdeathsig', 'KILL', 'bash', scriptPath('client.sh'), bridge, vethName(labName, name), mac],
    ...[join(labFolder(labName), 'client'), options.onMachine === true ? '-' : root, ...inside],
  ];
  return spawn('setpriv', args, spawnOptions);
}

/** Runs it on this terminal; a shell without a command. Resolves with its exit code. */
export function labClient(labName: string, command: readonly string[], options: ClientOptions = {}): Promise<number> {
  const words = command.length === 0 ? ['/bin/bash'] : command;
  const child = spawnClient(labName, words, options, { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both; it is for the command.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  return new Promise<number>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new LabRequirementsError('the client could not be started: setpriv is missing', {
          remedy: 'Install it: apt-get install util-linux',
          cause,
        }),
      ),
    );
    child.once('close', (code) => resolve(code ?? 1));
  }).finally(() => process.off('SIGINT', ignore));
}

function networkOf(labName: string, inventory: string | undefined): LabNetwork {
  const { networks } = requireLab(labName);
  const network = inventory === undefined ? networks[0] : networks.find((one) => one.inventory === inventory);
  if (network !== undefined) return network;
  throw new LabError(`the lab ${labName} has no network ${inventory ?? ''}`, {
    remedy: `Its networks are: ${networks.map((one) => one.inventory).join(', ')}.`,
  });
}
