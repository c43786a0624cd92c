/** `run inventory`: what the inventory says, whether it is in order, and whom to trust. Asks no host, but for `trust`. */
import { type Command, Option } from 'commander';
import { EXIT } from '../errors.ts';
import type { Host, Inventory } from '../inventory/model.ts';
import { canAsk, type Project } from './context.ts';
import { UsageError } from './errors.ts';
import { type InventoryFlags, loadTargetInventory } from './target-inventory.ts';

export interface InventoryCommandDeps {
  readonly project: Project;
}

interface Flags extends InventoryFlags {
  readonly json?: true;
  readonly yes?: true;
}

/** Adds `inventory` and its commands. The inventory is loaded when one of them runs. */
export function registerInventory(program: Command, { project }: InventoryCommandDeps): void {
  const inventory = program.command('inventory').description('show and check hosts, groups and vars; trust host keys');
  const load = (flags: Flags): Promise<Inventory> => loadTargetInventory(flags, project);
  add(inventory, 'list', 'the hosts, with their addresses and groups')
    .argument('[pattern]', "only these hosts: 'dns:!ns2', 'ns*'", 'all')
    .option('--json', 'as JSON')
    .action(async (pattern: string, flags: Flags) => list(await load(flags), pattern, flags));
  add(inventory, 'graph', 'the groups and their hosts as a tree')
    .argument('[group]', 'begin at this group', 'all')
    .action(async (group: string, flags: Flags) => graph(await load(flags), group));
  add(inventory, 'show', 'the vars of a host after all merging, and where each was written')
    .argument('<host>')
    .option('--json', 'as JSON')
    .action(async (host: string, flags: Flags) => show(await load(flags), host, flags));
  add(inventory, 'check', 'check all files, the vars of all roles, and the zones').action(async (flags: Flags) => {
    const { checkInventory, checkText } = await import('./inventory-check.ts');
    print(checkText(await checkInventory(await load(flags), project)));
  });
  add(inventory, 'trust', "show a host's key, ask, and add it to known_hosts")
    .argument('<hosts...>', 'hosts, groups or patterns')
    .option('--yes', 'do not ask: the fingerprint was compared elsewhere')
    .action(async (hosts: readonly string[], flags: Flags) => trust(await load(flags), hosts.join(','), flags));
}

function add(inventory: Command, name: string, description: string): Command {
  const append = (value: string, previous: readonly string[] | undefined): readonly string[] => [
    ...(previous ?? []),
    value,
  ];
  return inventory
    .command(name)
    .description(description)
    .option('-i, --inventory <path>', 'inventory folder or file (default: ./inventory)')
    .addOption(new Option('-e, --extra-vars <vars>', 'key=value, JSON, or @file').argParser(append))
    .option('--lab', "the lab's copy of the inventory (run lab up)")
    .addOption(new Option('--lab-name <name>', 'which lab (default: the one of this checkout)'));
}

async function list(inventory: Inventory, pattern: string, flags: Flags): Promise<void> {
  const [{ selectHosts }, { listJson, listText }] = await Promise.all([
    import('../inventory/pattern.ts'),
    import('./inventory-text.ts'),
  ]);
  const hosts = selectHosts(inventory, pattern);
  print(flags.json === true ? [JSON.stringify(listJson(hosts))] : listText(hosts));
}

async function graph(inventory: Inventory, group: string): Promise<void> {
  if (!inventory.groups.has(group)) {
    const { didYouMean, nearest } = await import('../schema/nearest.ts');
    const near = didYouMean(nearest(group, inventory.groups.keys()));
    throw new UsageError(`the inventory has no group "${group}"`, {
      remedy: near || `Its groups are ${[...inventory.groups.keys()].join(', ')}.`,
    });
  }
  const { graphText } = await import('./inventory-text.ts');
  print(graphText(inventory, group));
}

async function show(inventory: Inventory, name: string, flags: Flags): Promise<void> {
  const [{ selectHosts }, { showJson, showText }] = await Promise.all([
    import('../inventory/pattern.ts'),
    import('./inventory-text.ts'),
  ]);
  const hosts = selectHosts(inventory, name);
  if (flags.json === true) print(hosts.map((host) => JSON.stringify(showJson(host))));
  else print(hosts.flatMap((host, i) => [...(i === 0 ? [] : ['']), ...showText(host)]));
}

/** One after the other: each is a question. */
async function trust(inventory: Inventory, pattern: string, flags: Flags): Promise<void> {
  const [{ selectHosts }, { trustHost }] = await Promise.all([
    import('../inventory/pattern.ts'),
    import('./inventory-trust.ts'),
  ]);
  const confirm = canAsk() ? question : undefined;
  const trusted: boolean[] = [];
  for (const host of selectHosts(inventory, pattern) as readonly Host[]) {
    trusted.push(await trustHost(host, { say: (line) => print([line]), confirm, yes: flags.yes === true }));
  }
  if (trusted.includes(false)) process.exitCode = EXIT.usage;
}

async function question(text: string): Promise<boolean> {
  const { askYesNo } = await import('./ask.ts');
  return askYesNo(text, new AbortController().signal);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
