/** `run schedule`: commands that run by themselves, as timers of systemd. Loaded when it is run. */
import { type Command, Option } from 'commander';
import type { Project } from './context.ts';

export interface AddFlags {
  readonly onCalendar: string;
  readonly randomizedDelay: string;
  /** False with --no-persistent. */
  readonly persistent: boolean;
  readonly environmentFile?: string;
  readonly replace?: true;
  /** In the user's own manager, also for root. */
  readonly user?: true;
}

export interface ListFlags {
  readonly json?: true;
}

const ADD = `run a command by itself, at the times that a calendar expression of systemd gives

  run schedule add nightly --on-calendar '*-*-* 04:30' -- deploy-dns
  run schedule add os --on-calendar 'Sun 03:00 Europe/Berlin' -- upgrade

It is tried first, as --check: a schedule that could not log in without you is refused.`;

export function registerSchedule(program: Command, project: Project): void {
  const schedule = program.command('schedule').description('commands that run by themselves, as timers of systemd');
  schedule
    .command('add')
    .description(ADD)
    .usage('NAME --on-calendar WHEN [options] -- COMMAND [ARGUMENT...]')
    .argument('<name>', 'letters, digits and dashes')
    .argument('<words...>', 'the command line after run: a playbook or a command, with its options')
    .requiredOption('--on-calendar <when>', "'Sun 03:00 Europe/Berlin', '*-*-* 04:30', 'hourly' (systemd.time(7))")
    .addOption(
      new Option('--randomized-delay <time>', 'so much later, drawn anew each time: not all at once').default('5min'),
    )
    .option('--no-persistent', 'what was missed while this machine was off is left out, not made up for')
    .option('--environment-file <file>', 'further variables, for secrets: a file that only you may read')
    .option('--replace', 'instead of the one of this name')
    .option('--user', "a timer of yourself, not of the system; always so without root's rights")
    .action(async (name: string, words: readonly string[], flags: AddFlags) => {
      const { runScheduleAdd } = await import('./schedule-add.ts');
      process.exitCode = await runScheduleAdd(name, words, flags, project);
    });
  schedule
    .command('list')
    .description('the schedules of this project: when next, when last, and how that ended')
    .option('--json', 'as JSON')
    .action(async (flags: ListFlags) => {
      const { runScheduleList } = await import('./schedule-run.ts');
      process.exitCode = await runScheduleList(flags, project);
    });
  for (const [command, description] of [
    ['show', 'one schedule, its next five runs, and its last ones'],
    ['remove', 'take a schedule away; what runs of it is ended'],
    ['run-now', 'start it now, beside its times'],
  ] as const) {
    schedule
      .command(command)
      .description(description)
      .argument('<name>')
      .action(async (name: string) => {
        const { runScheduleCommand } = await import('./schedule-run.ts');
        process.exitCode = await runScheduleCommand(command, name, project);
      });
  }
  schedule
    .command('failed', { hidden: true })
    .argument('<name>')
    .action(async (name: string) => {
      const { runScheduleFailed } = await import('./schedule-failed.ts');
      process.exitCode = await runScheduleFailed(name, project);
    });
}
