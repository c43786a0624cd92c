/** The commands of those who look after the hosts: status, generations, revert, unlock. Each is loaded when it is run. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Project } from './context.ts';
import type { InventoryFlags } from './target-inventory.ts';

export interface StatusFlags extends InventoryFlags {
  readonly drift?: true;
  readonly os?: true;
  readonly json?: true;
  /** Seconds between two looks. */
  readonly watch?: number;
  /** A file for node_exporter's textfile collector; true: stdout. */
  readonly prometheus?: string | true;
  readonly forks: number;
}

export interface GenerationsFlags extends InventoryFlags {
  readonly json?: true;
}

export interface UnlockFlags extends InventoryFlags {
  readonly yes?: true;
}

export interface RevertFlags extends InventoryFlags {
  /** Generation. */
  readonly to?: number;
  readonly yes?: true;
  readonly check?: true;
  readonly diff?: true;
  readonly json?: true;
  /** `junit=FILE`, `markdown=FILE` */
  readonly report?: readonly string[];
  readonly confirmWithin: number;
  readonly waitLock: number;
  readonly forceUnsafe?: true;
}

export function registerOperator(program: Command, project: Project): void {
  withTarget(program.command('status'))
    .description('the fleet at a glance: versions, services, open changes, locks, hand edits')
    .argument('[pattern]', "only these hosts: 'dns:!ns2', 'ns*'", 'all')
    .option('--drift', 'also the lines of hand edits, and what is described and not applied yet')
    .option('--os', 'deployments, uptime, Zincati, guard and the last upgrade, instead of services')
    .option('--json', 'as JSON (docs/status.md)')
    .addOption(
      new Option('--prometheus [file]', "as metrics; to a file for node_exporter's textfile collector").conflicts([
        'json',
        'watch',
      ]),
    )
    .addOption(
      new Option('-w, --watch [seconds]', 'again and again, every 5 s unless you say otherwise')
        .argParser(integer(1))
        .preset('5'),
    )
    .addOption(new Option('-f, --forks <n>', 'hosts talked to at the same time').argParser(integer(1)).default(10))
    .action(async (pattern: string, flags: StatusFlags) => {
      const { runStatus } = await import('./status-run.ts');
      process.exitCode = await runStatus(pattern, flags, project);
    });
  withTarget(program.command('generations'))
    .description('the confirmed states of a host that are kept, and which one it has')
    .argument('<host>', 'a host, group or pattern')
    .option('--json', 'as JSON')
    .action(async (pattern: string, flags: GenerationsFlags) => {
      const { runGenerations } = await import('./generations-run.ts');
      process.exitCode = await runGenerations(pattern, flags, project);
    });
  registerRevert(program, project);
  withTarget(program.command('unlock'))
    .description('take a lock away from a dead run, or put a failed change set aside')
    .argument('<host>', 'a host, group or pattern')
    .option('--yes', 'do not ask')
    .action(async (pattern: string, flags: UnlockFlags) => {
      const { runUnlock } = await import('./unlock-run.ts');
      process.exitCode = await runUnlock(pattern, flags, project);
    });
}

function registerRevert(program: Command, project: Project): void {
  withTarget(program.command('revert'))
    .description('bring an earlier confirmed state of a host back, or end a change set that is open on it')
    .argument('<host>')
    .addOption(
      new Option('--to <generation>', 'which (run generations HOST); default: the one before').argParser(integer(1)),
    )
    .option('-C, --check', 'say what would change, touch nothing')
    .option('-D, --diff', 'show each change line by line')
    .option('--yes', 'do not ask')
    .option('--json', 'events as lines of JSON on stdout; the last is the summary')
    .addOption(
      new Option('--report <format=file>', 'also write junit=FILE or markdown=FILE; may be repeated').argParser(append),
    )
    .addOption(
      new Option('--confirm-within <seconds>', 'the host undoes by itself what was not confirmed for so long')
        .argParser(integer(5))
        .default(120),
    )
    .addOption(
      new Option('--wait-lock <seconds>', 'wait so long for a host that another run holds')
        .argParser(integer(0))
        .default(0),
    )
    .option('--force-unsafe', 'also when its peers do not serve')
    .action(async (host: string, flags: RevertFlags) => {
      const { runRevert } = await import('./revert-run.ts');
      process.exitCode = await runRevert(host, flags, project);
    });
}

function append(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

function withTarget(command: Command): Command {
  return command
    .option('-i, --inventory <path>', 'inventory folder or file (default: ./inventory)')
    .addOption(new Option('-e, --extra-vars <vars>', 'key=value, JSON, or @file').argParser(append))
    .option('--lab', "the lab's copy of the inventory (run lab up)")
    .addOption(new Option('--lab-name <name>', 'which lab (default: the one of this checkout)'));
}

function integer(least: number): (value: string) => number {
  return (value) => {
    if (!/^\d+$/.test(value) || Number(value) < least)
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`);
    return Number(value);
  };
}
