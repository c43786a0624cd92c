/** The options that exec, copy and fetch share: which hosts, how many at once, as whom. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from './errors.ts';
import type { InventoryFlags } from './target-inventory.ts';

export interface FleetFlags extends InventoryFlags {
  readonly limit: string;
  readonly forks: number;
  readonly sudo?: true;
  readonly ignoreLocks?: true;
  readonly json?: true;
  /** `junit=FILE`, `markdown=FILE` */
  readonly report?: readonly string[];
}

const APPEND = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];

export function addFleetOptions(command: Command): Command {
  return command
    .option('-i, --inventory <path>', 'inventory folder or file (default: ./inventory)')
    .addOption(new Option('-l, --limit <pattern>', "which hosts: 'ns1', 'dns:!ns2', 'ns*'").default('all'))
    .addOption(new Option('-e, --extra-vars <vars>', 'key=value, JSON, or @file').argParser(APPEND))
    .addOption(new Option('-f, --forks <n>', 'hosts talked to at the same time').argParser(integer(1)).default(64))
    .option('--sudo', 'as root on the host (sudo -n: never asks)')
    .option('--ignore-locks', 'also on hosts that are in the middle of a change set')
    .option('--json', 'a line of JSON for each host when it is done; the last is the summary')
    .addOption(
      new Option('--report <format=file>', 'also write junit=FILE or markdown=FILE; may be repeated').argParser(APPEND),
    )
    .option('--lab', "the lab's copy of the inventory (run lab up)")
    .addOption(new Option('--lab-name <name>', 'which lab (default: the one of this checkout)'));
}

export function integer(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d{1,9}$/.test(value) || number < least)
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`);
    return number;
  };
}

/** Without them an option of the command (`tail -f 5`) would be taken for one of ours. */
export function requireDashes(words: readonly string[], command: Command): void {
  const typed = (command.parent as unknown as { readonly rawArgs?: readonly string[] } | null)?.rawArgs ?? [];
  if (words.length === 0 || typed.includes('--')) return;
  throw new UsageError('the command stands after --', { remedy: `run ${command.name()} … -- ${words.join(' ')}` });
}
