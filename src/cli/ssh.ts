/** `run ssh`: the operator's own terminal on a host, by the system's ssh with our addresses, keys and known hosts. */
import type { Command } from 'commander';
import type { Project } from './context.ts';
import { UsageError } from './errors.ts';
import { requireDashes } from './fleet-options.ts';
import { type InventoryFlags, loadTargetInventory } from './target-inventory.ts';

interface SshFlags extends InventoryFlags {
  readonly tty?: true;
}

const DESCRIPTION = `log in to a host with the system's ssh

Address, user, key and known hosts are those of the inventory; the exit code is ssh's. Words after -- are run as by run exec:
several exactly as they stand, a single one as a line for the shell there.`;

export function registerSsh(program: Command, { project }: { readonly project: Project }): void {
  program
    .command('ssh')
    .description(DESCRIPTION)
    .usage('[options] HOST [-- COMMAND [ARGUMENT...]]')
    .argument('<host>', 'its name in the inventory')
    .argument('[command...]', 'what the host is to run, after --')
    .option('-i, --inventory <path>', 'inventory folder or file (default: ./inventory)')
    .option('-t, --tty', 'a terminal for the command too (top, an editor)')
    .option('--lab', "the lab's copy of the inventory (run lab up)")
    .option('--lab-name <name>', 'which lab (default: the one of this checkout)')
    .action(async (name: string, words: readonly string[], flags: SshFlags, command: Command) => {
      requireDashes(words, command);
      const [inventory, { selectHosts }, { logIn }] = await Promise.all([
        loadTargetInventory(flags, project),
        import('../inventory/pattern.ts'),
        import('../exec/log-in.ts'),
      ]);
      const [host, ...more] = selectHosts(inventory, name);
      if (host === undefined || more.length > 0) {
        throw new UsageError(`"${name}" is ${more.length + 1} hosts, and ssh is for one`, {
          remedy: 'For a command on all of them: run exec',
        });
      }
      process.exitCode = await logIn(host, words, { tty: flags.tty === true });
    });
}
