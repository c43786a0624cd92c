/** The commands that boot hosts: `run upgrade` (playbooks/upgrade.ts), `run reboot` and `run rollback`. Each is loaded when it is run. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { firstComment, type PlaybookFile } from '../playbook/find.ts';
import type { Project } from './context.ts';
import type { InventoryFlags } from './target-inventory.ts';

/** What the three have in common. */
export interface BootFlags extends InventoryFlags {
  readonly limit?: string;
  readonly check?: true;
  readonly yes?: true;
  readonly json?: true;
  /** `junit=FILE`, `markdown=FILE` */
  readonly report?: readonly string[];
  readonly forks: number;
  readonly verbose: number;
  readonly waitLock: number;
  readonly forceUnsafe?: true;
  readonly ignoreWindows?: true;
  readonly soak?: string;
}

export interface UpgradeFlags extends BootFlags {
  readonly to?: string;
  readonly graph?: string;
  readonly within?: string;
  readonly allowDenied?: true;
  readonly allowDowngrade?: true;
  readonly resume?: true;
  readonly abort?: true;
}

const WHAT = 'Which hosts, and to what:';
const HOW = 'How:';
const SHOW = 'What is shown:';
const LAB = 'Rehearse:';

export function registerUpgrade(program: Command, file: PlaybookFile, project: Project): void {
  const command = program
    .command(file.name)
    .description(firstComment(file.path))
    .usage('[options]')
    .addOption(option('-l, --limit <pattern>', "only these hosts: 'ns1', 'dns:!ns2'", WHAT))
    .addOption(
      option('--to <release>', 'VERSION, sha256:DIGEST or latest (default: what playbooks/upgrade.ts says)', WHAT),
    )
    .addOption(
      option(
        '--graph <url|file|none>',
        'the update graph; none: what was published last on the hosts’ own remote',
        WHAT,
      ),
    )
    .addOption(option('--allow-denied', 'also a release that a host went back from', WHAT))
    .addOption(option('--allow-downgrade', 'also a release that is older than what runs', WHAT))
    .addOption(
      option('--soak <duration>', 'how long everything has to go on passing: 20s, 5min', HOW).argParser(duration),
    )
    .addOption(
      option(
        '--within <duration>',
        'a host goes back by itself so long after its boot (default: soak and 2 min)',
        HOW,
      ).argParser(duration),
    )
    .addOption(option('--resume', 'take up an upgrade whose controller died', HOW))
    .addOption(option('--abort', 'end an open upgrade: its host goes back', HOW).conflicts('resume'));
  addBootOptions(command).action(async (flags: UpgradeFlags) => {
    const { runUpgradeCommand } = await import('./upgrade-run.ts');
    process.exitCode = await runUpgradeCommand(flags, project);
  });
}

export function registerReboots(program: Command, project: Project): void {
  const reboot = program
    .command('reboot')
    .description('boot hosts one after the other, while their peers serve; the OS stays as it is')
    .argument('[pattern]', "only these hosts: 'dns:!ns2', 'ns*' (default: those of playbooks/upgrade.ts)");
  addBootOptions(reboot).action(async (pattern: string | undefined, flags: BootFlags) => {
    const { runRebootCommand } = await import('./upgrade-run.ts');
    process.exitCode = await runRebootCommand(
      { ...flags, ...(pattern === undefined ? {} : { limit: pattern }) },
      project,
    );
  });
  const rollback = program
    .command('rollback')
    .description('bring a host back to the OS release that it had before, guarded like an upgrade')
    .argument('<host>')
    .addOption(
      option('--soak <duration>', 'how long everything has to go on passing: 20s, 5min', HOW).argParser(duration),
    );
  addBootOptions(rollback).action(async (host: string, flags: BootFlags) => {
    const { runRollbackCommand } = await import('./upgrade-run.ts');
    process.exitCode = await runRollbackCommand(host, flags, project);
  });
}

function addBootOptions(command: Command): Command {
  return command
    .addOption(option('-i, --inventory <path>', 'inventory folder or file (default: ./inventory)', WHAT))
    .addOption(
      option('-e, --extra-vars <vars>', 'key=value, JSON, or @file; wins over the inventory', WHAT).argParser(append),
    )
    .addOption(option('-C, --check', 'say what would happen on each host, touch nothing', HOW))
    .addOption(
      option('-f, --forks <n>', 'hosts talked to at the same time; they are booted one by one', HOW)
        .argParser(integer(1))
        .default(10),
    )
    .addOption(option('--yes', 'do not ask', HOW))
    .addOption(
      option('--wait-lock <seconds>', 'wait so long for a host that another run holds', HOW)
        .argParser(integer(0))
        .default(0),
    )
    .addOption(option('--ignore-windows', 'also outside the maintenance windows', HOW))
    .addOption(option('--force-unsafe', 'although its peers do not serve', HOW))
    .addOption(
      option('-v, --verbose', 'say more; -vv: every step', SHOW)
        .argParser((_value, previous: number) => previous + 1)
        .default(0, 'quiet'),
    )
    .addOption(option('--json', 'events as lines of JSON on stdout; the last is the summary', SHOW))
    .addOption(
      option('--report <format=file>', 'also write junit=FILE or markdown=FILE; may be repeated', SHOW).argParser(
        append,
      ),
    )
    .addOption(option('--lab', "the lab's copy of the inventory (run lab up)", LAB))
    .addOption(option('--lab-name <name>', 'which lab (default: the one of this checkout); implies --lab', LAB));
}

function option(flags: string, description: string, group: string): Option {
  return new Option(flags, description).helpGroup(group);
}

function append(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

function integer(least: number): (value: string) => number {
  return (value) => {
    if (!/^\d+$/.test(value) || Number(value) < least)
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`);
    return Number(value);
  };
}

function duration(value: string): string {
  if (!/^\d{1,6}(s|min|h)$/.test(value)) throw new InvalidArgumentError('Give a time with its unit: 20s, 5min, 1h.');
  return value;
}
