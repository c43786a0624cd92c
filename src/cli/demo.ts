/** `run demo`: the main job from nothing to two answering hosts, in the commands that a user would type. */
import type { Command } from 'commander';
import type { Project } from './context.ts';

export function registerDemo(program: Command, project: Project): void {
  program
    .command('demo')
    .description('boot the lab, deploy DNS to it, change a record and look at the answers')
    .option('--lab-name <name>', 'which lab (default: the one of this checkout)')
    .action(async (flags: { readonly labName?: string }) => {
      const { runDemo } = await import('./demo-run.ts');
      process.exitCode = await runDemo(project, flags.labName);
    });
}
