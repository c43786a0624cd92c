/** `run lab`: boots and handles CoreOS-like hosts on this machine, one for each host of the inventory. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { Inventory } from '../inventory/model.ts';
import type { ClientOptions, Disk, LabSpec, LabStatus } from '../lab/index.ts';
import { inventoryPath, labNameOption, type Project } from './context.ts';
import { registerDora } from './lab-dora.ts';
import { definePublish } from './lab-publish.ts';

export interface LabCommandDeps {
  readonly project: Project;
  /** Images that the roles of this inventory run; default: every var `<role>_image`, and what the lab builds by itself. */
  readonly images?: (inventory: Inventory) => readonly string[];
}

interface LabFlags {
  readonly labName?: string;
  readonly inventory?: string;
  readonly installDeps?: true;
  readonly json?: true;
}

const DISKS: readonly Disk[] = ['/var', '/boot'];

const DESCRIPTION = `boot CoreOS-like hosts on this machine, one for each host of the inventory

Real systemd, sshd, podman and ostree in privileged containers, so run only your own inventory there.
Any command with --lab then talks to them. Needs root and Linux; docs/lab.md tells more.`;

/** Adds `lab` and its commands. Nothing of the lab is loaded before one of them runs. */
export function registerLab(program: Command, deps: LabCommandDeps): void {
  const lab = program.command('lab').description(DESCRIPTION).enablePositionalOptions();
  const name = (flags: LabFlags): Promise<string> => labName(flags, deps.project);
  add(lab, 'up', 'boot what does not run yet; a second time takes seconds')
    .option('-i, --inventory <path>', 'inventory folder or file (default: ./inventory)')
    .option('--install-deps', 'install the packages that this machine lacks')
    .option('--json', 'print the status as JSON when all hosts answer; progress goes to stderr')
    .action(async (flags: LabFlags) => up(flags, await name(flags), deps));
  add(lab, 'down', 'take all hosts down and delete their disks; what was built stays cached').action(
    async (flags: LabFlags) => {
      const lab = await name(flags);
      const { labDown } = await import('../lab/index.ts');
      if (!(await labDown(lab, say))) say(`there is no lab ${lab}: nothing to do`);
    },
  );
  add(lab, 'status', 'show hosts, addresses and the map of networks')
    .option('--json', 'as JSON')
    .action(async (flags: LabFlags) => {
      const { labStatus } = await import('../lab/index.ts');
      show(labStatus(await name(flags)), flags);
    });
  add(lab, 'ssh', 'log in to a host, or run a command on it')
    .argument('<host>')
    .argument('[command...]', 'what the host is to run; after -- where it has options')
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (host: string, command: readonly string[], flags: LabFlags) => ssh(await name(flags), host, command));
  add(
    lab,
    'client',
    'run a command on a client of the LAN, which has no address at first (dig, chronyd -Q, curl, udhcpc)',
  )
    .argument('[command...]', 'default: a shell; after -- where it has options')
    .option(
      '--dhcp',
      'take a lease first: its address, route and resolvers; $LEASE_IP, $LEASE_SERVER, $LEASE_DNS, $LEASE_NTP',
    )
    .option('--mac <address>', 'its hardware address (default: always the same)')
    .option('--network <prefix>', "which of the inventory's networks (default: the first)")
    .passThroughOptions()
    .action(async (command: readonly string[], flags: LabFlags & ClientOptions) => {
      const { labClient } = await import('../lab/index.ts');
      process.exitCode = await labClient(await name(flags), command, flags);
    });
  definePublish(
    add(lab, 'publish', "commit a later release of the hosts' system, good or bad, for them to upgrade to"),
    name,
  );
  registerDora(lab, add, name);
  registerFaults(lab, name);
}

/** What may happen to a host. */
function registerFaults(lab: Command, name: (flags: LabFlags) => Promise<string>): void {
  add(lab, 'cut', "pull a host's network cable")
    .argument('<host>')
    .action(async (host: string, flags: LabFlags) => {
      const { labCut } = await import('../lab/index.ts');
      say(
        (await labCut(await name(flags), host)) ? `${host} is cut off` : `${host} was cut off already: nothing changed`,
      );
    });
  add(lab, 'heal', 'put the cable back')
    .argument('<host>')
    .action(async (host: string, flags: LabFlags) => {
      const { labHeal } = await import('../lab/index.ts');
      say(
        (await labHeal(await name(flags), host))
          ? `${host} is connected again`
          : `${host} was not cut off: nothing changed`,
      );
    });
  add(lab, 'crash', "cut a host's power: all of it dies at once, and it boots again")
    .argument('<host>')
    .option('--off', 'it stays off until `run lab boot`')
    .action(async (host: string, flags: LabFlags & { readonly off?: true }) => {
      const { labCrash } = await import('../lab/index.ts');
      await labCrash(await name(flags), host, { stayOff: flags.off === true });
      say(flags.off ? `${host} is off` : `${host} lost its power, and boots again`);
    });
  add(lab, 'boot', 'switch a host on')
    .argument('<host>')
    .option('--entry <n>', 'choose in its boot menu, once: 1 is the entry below the default', bootEntry)
    .action(async (host: string, flags: LabFlags & { readonly entry?: number }) => {
      const { labBoot } = await import('../lab/index.ts');
      const isNew = await labBoot(await name(flags), host, flags.entry === undefined ? {} : { entry: flags.entry });
      say(isNew ? `${host} is on` : `${host} was on already: nothing changed`);
    });
  registerDisks(lab, name);
  registerClocks(lab, name);
  add(lab, 'slow', "delay a host's network, and lose some of it (--delay 0 ends it)")
    .argument('<host>')
    .requiredOption('--delay <time>', 'each way: 100ms, 1s', milliseconds)
    .option('--loss <percent>', 'of all frames, each way: 10%', percent, 0)
    .action(async (host: string, flags: LabFlags & { readonly delay: number; readonly loss: number }) => {
      const { labFast, labSlow } = await import('../lab/index.ts');
      if (flags.delay === 0 && flags.loss === 0) await labFast(await name(flags), host);
      else await labSlow(await name(flags), host, { delayMs: flags.delay, lossPercent: flags.loss }, say);
      say(
        flags.delay === 0 && flags.loss === 0
          ? `${host} is as fast as before`
          : `${host}: ${flags.delay} ms each way, ${flags.loss} % lost`,
      );
    });
}

function registerDisks(lab: Command, name: (flags: LabFlags) => Promise<string>): void {
  add(lab, 'fill', "fill a host's disk to the last byte")
    .argument('<host>')
    .addArgument(new Argument('<disk>', 'which').choices(DISKS))
    .action(async (host: string, disk: Disk, flags: LabFlags) => {
      const { labFill } = await import('../lab/index.ts');
      await labFill(await name(flags), host, disk);
      say(`${disk} of ${host} is full (run lab free ${host})`);
    });
  add(lab, 'free', 'delete what `run lab fill` put there')
    .argument('<host>')
    .addArgument(new Argument('[disk]', 'which; default: both').choices(DISKS))
    .action(async (host: string, disk: Disk | undefined, flags: LabFlags) => {
      const { labFree } = await import('../lab/index.ts');
      for (const one of disk === undefined ? DISKS : [disk]) await labFree(await name(flags), host, one);
      say(`${disk ?? DISKS.join(' and ')} of ${host} ${disk === undefined ? 'have' : 'has'} room again`);
    });
}

function registerClocks(lab: Command, name: (flags: LabFlags) => Promise<string>): void {
  add(lab, 'ntp', "the time server on the network's gateway: on, off, or wrong by some seconds")
    .argument('<state>', 'on, off, +45s, -90s (negative ones after --)')
    .action(async (state: string, flags: LabFlags) => {
      const { labNtpOff, labNtpOn } = await import('../lab/index.ts');
      if (state === 'off') await labNtpOff(await name(flags));
      else await labNtpOn(await name(flags), state === 'on' ? '0' : state);
      say(
        state === 'off'
          ? 'the time server is off'
          : `the time server is on${state === 'on' ? '' : `, and ${state} wrong`}`,
      );
    });
  add(lab, 'clock', "make a host's clock wrong, for its programs and containers (0: right again; so is a reboot)")
    .argument('<host>')
    .argument('<shift>', '+45s, -90s, 0 (negative ones after --)')
    .action(async (host: string, shift: string, flags: LabFlags) => {
      const { labClock } = await import('../lab/index.ts');
      const restarted = await labClock(await name(flags), host, shift);
      say(
        `the clock of ${host} is ${shift === '0' ? 'right' : `${shift} wrong`}; restarted there: ${restarted.join(', ') || 'nothing'}`,
      );
    });
}

function bootEntry(text: string): number {
  if (!/^\d$/.test(text)) throw new InvalidArgumentError('Give a number, counted from 0.');
  return Number(text);
}

function milliseconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Give a time such as 100ms or 1s.');
  return Number(match[1]) * (match[2] === 's' ? 1_000 : 1);
}

function percent(text: string): number {
  const value = /^\d+(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (!(value <= 100)) throw new InvalidArgumentError('Give a percentage from 0 to 100, such as 10%.');
  return value;
}

function add(lab: Command, name: string, description: string): Command {
  return lab
    .command(name)
    .description(description)
    .addOption(new Option('--lab-name <name>', 'which lab (default: COREOS_INFRA_LAB, else the one of this checkout)'));
}

async function labName(flags: LabFlags, project: Project): Promise<string> {
  const { defaultLabName } = await import('../lab/index.ts');
  return labNameOption(flags.labName) ?? defaultLabName(project.dir);
}

async function up(flags: LabFlags, name: string, deps: LabCommandDeps): Promise<void> {
  const { loadInventory } = await import('../inventory/load.ts');
  const { labStatus, labUp } = await import('../lab/index.ts');
  const inventory = await loadInventory(inventoryPath(deps.project, flags.inventory));
  const images = deps.images ?? (await import('../lab/index.ts')).imagesOf;
  const spec = labSpec(name, inventory, images(inventory));
  const log = flags.json ? (line: string) => void process.stderr.write(`${line}\n`) : say;
  await labUp(spec, { installDeps: flags.installDeps === true, log });
  show(labStatus(name), flags);
}

/** The lab's view of an inventory. */
function labSpec(name: string, inventory: Inventory, images: readonly string[]): LabSpec {
  const hosts = [...inventory.hosts.values()].map((host) => {
    const lan = host.vars['interface'];
    return {
      name: host.name,
      address: host.address,
      prefix: host.prefix,
      interface: typeof lan === 'string' ? lan : 'host0',
    };
  });
  return { labName: name, hosts, images };
}

async function ssh(name: string, hostName: string, command: readonly string[]): Promise<void> {
  const { labSsh } = await import('../lab/index.ts');
  process.exitCode = await labSsh(name, hostName, command);
}

function show(status: LabStatus, flags: LabFlags): void {
  if (flags.json) {
    say(JSON.stringify(status));
    return;
  }
  say(`lab ${status.name}`);
  for (const host of status.hosts) {
    const state = !host.running ? 'off' : host.cut ? 'running, cut off' : host.slow ? 'running, slow link' : 'running';
    say(
      `  ${host.name.padEnd(16)} ${host.address.padEnd(16)} for ${host.inventoryAddress.padEnd(16)} ${state}  ${host.os?.version ?? ''}`,
    );
  }
  for (const network of status.networks) {
    const here = `bridge ${network.bridge}, this machine is ${network.gateway}, time server ${network.ntp ? 'on' : 'off'}`;
    say(`  ${network.inventory} is ${network.lab} here (${here})`);
  }
  say(`Next: run lab ssh ${status.hosts[0]?.name ?? 'HOST'} · run <playbook> --lab · run lab down`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
