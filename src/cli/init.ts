/** `run init`: the beginnings of a user's own repository. */
import type { Command } from 'commander';

export function registerInit(program: Command): void {
  program
    .command('init')
    .description('begin a repository of your own: inventory, playbook, role')
    .argument('[folder]', 'where; made when it does not exist', '.')
    .action(async (folder: string) => {
      const { createRepository } = await import('./init-run.ts');
      process.stdout.write(createRepository(folder));
    });
}
