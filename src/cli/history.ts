/** `run history`: what ran, when, by whom, and how it ended. Loaded when it is run. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Project } from './context.ts';

export interface HistoryFlags {
  readonly host?: string;
  readonly playbook?: string;
  readonly since?: string;
  readonly failed?: true;
  readonly limit: number;
  readonly json?: true;
}

export interface ShowFlags {
  readonly json?: true;
  readonly verbose?: true;
}

export interface PruneFlags {
  readonly olderThan: string;
  readonly keep: number;
}

export function registerHistory(program: Command, project: Project): void {
  const history = program
    .command('history')
    .description('what ran, when, by whom, from which commit, and how it ended')
    .option('--host <name>', 'only runs that this host took part in')
    .option('--playbook <name>', 'only runs of this playbook or command')
    .option('--since <when>', "only runs since then: '2026-11-01', '2026-11-01 14:00', '12h', '7d', 'yesterday'")
    .option('--failed', 'only runs that did not end well')
    .addOption(new Option('--limit <n>', 'the newest so many; 0: all').argParser(whole).default(20))
    .option('--json', 'as JSON (docs/history.md)')
    .action(async (flags: HistoryFlags) => {
      const { runHistoryList } = await import('./history-run.ts');
      process.exitCode = await runHistoryList(flags, project);
    });
  history
    .command('show')
    .description('everything about one run: hosts, changes line by line, probes that failed')
    .argument('<id>', 'the id of the run, or its beginning')
    .option('-v, --verbose', 'also every step, and the probes that passed')
    .option('--json', 'as JSON')
    .action(async (id: string, _flags: ShowFlags, command: Command) => {
      const { runHistoryShow } = await import('./history-run.ts');
      process.exitCode = await runHistoryShow(id, command.optsWithGlobals<ShowFlags>(), project);
    });
  history
    .command('diff')
    .description('in what two runs differ')
    .argument('<id>', 'the earlier one')
    .argument('<other>', 'the later one')
    .action(async (one: string, two: string) => {
      const { runHistoryDiff } = await import('./history-run.ts');
      process.exitCode = await runHistoryDiff(one, two, project);
    });
  history
    .command('prune')
    .description('take old runs out of the history')
    .option('--older-than <time>', "runs that began before that: '90d', '2026-01-01'", '90d')
    .addOption(new Option('--keep <n>', 'the newest so many stay, whatever their age').argParser(whole).default(100))
    .action(async (flags: PruneFlags) => {
      const { runHistoryPrune } = await import('./history-run.ts');
      process.exitCode = await runHistoryPrune(flags, project);
    });
}

function whole(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Give a whole number.');
  return Number(value);
}
