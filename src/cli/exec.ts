/** `run exec`: one command on many hosts. */
import type { Command } from 'commander';
import type { Project } from './context.ts';
import { addFleetOptions, type FleetFlags, integer, requireDashes } from './fleet-options.ts';

export interface ExecFlags extends FleetFlags {
  readonly timeout: number;
  readonly script?: string;
  readonly stdin?: true;
  readonly fold?: true;
  readonly diff?: true;
  readonly live?: true;
  /** False with --no-prefix. */
  readonly prefix: boolean;
}

const DESCRIPTION = `run a command on many hosts at once

Several words are one program with its arguments, run exactly as they stand: nothing in them means anything to a shell on \
the host. A single word is a line for bash on the host:
  run exec -- systemctl is-active chronyd
  run exec -- 'journalctl -b | grep -c refused'
With --script FILE the words are the script's arguments. Output is shown as it comes, each line with its host (-N: without), \
or folded: hosts with the same output and exit code once, which is what a terminal gets when all are done.`;

export function registerExec(program: Command, { project }: { readonly project: Project }): void {
  addFleetOptions(program.command('exec').description(DESCRIPTION).usage('[options] -- COMMAND [ARGUMENT...]'))
    .argument('[command...]', 'what the hosts are to run, after --')
    .option('--timeout <seconds>', 'end the command on the host after so long; 0: never', integer(0), 30)
    .option('--script <file>', 'run this local script (its #! line, else bash)')
    .option('--stdin', 'give our stdin to the command, on every host')
    .option('-b, --fold', 'the same output once, under all hosts that gave it')
    .option('--diff', 'fold, and show how the others differ from most hosts')
    .option('--live', 'each line as it comes, also on a terminal')
    .option('-N, --no-prefix', 'lines without the host in front; bytes as they are')
    .action(async (words: readonly string[], flags: ExecFlags, command: Command) => {
      requireDashes(words, command);
      const { runExecCommand } = await import('./exec-run.ts');
      process.exitCode = await runExecCommand(words, flags, project);
    });
}
