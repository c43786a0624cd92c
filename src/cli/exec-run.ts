/** What `run exec` does once its options are read: input, report, and the run. */
import type { ExitCode } from '../errors.ts';
import { openInput, readScript } from '../exec/input.ts';
import { type Program, programOf, programOfScript } from '../exec/remote-command.ts';
import { runExec } from '../exec/run-exec.ts';
import { withProgress } from '../report/exec-progress.ts';
import { createFoldReporter, createLiveReporter, type FleetReporter, type Sinks } from '../report/exec-reporter.ts';
import type { Project } from './context.ts';
import { UsageError } from './errors.ts';
import type { ExecFlags } from './exec.ts';
import { runFleetCommand } from './fleet-run.ts';

export async function runExecCommand(words: readonly string[], flags: ExecFlags, project: Project): Promise<ExitCode> {
  refuseContradictions(words, flags);
  const script = flags.script === undefined ? undefined : await readScript(flags.script);
  const program: Program = script === undefined ? programOf(words) : programOfScript(script, words);
  const input = await openInput({ script, stdin: flags.stdin === true ? process.stdin : undefined });
  const folds = isFolded(flags);
  return runFleetCommand({
    command: 'exec',
    flags,
    project,
    reporter: (sinks) => reporterOf(flags, sinks),
    work: (fleet) =>
      runExec(fleet, {
        program,
        argv: flags.script === undefined ? words : [flags.script, ...words],
        timeoutSec: flags.timeout,
        input,
        keeps: folds || flags.json === true,
      }),
  });
}

function isFolded(flags: ExecFlags): boolean {
  if (flags.fold === true || flags.diff === true) return true;
  return process.stdout.isTTY === true && flags.live !== true && flags.prefix;
}

function reporterOf(flags: ExecFlags, sinks: Sinks): FleetReporter {
  if (!isFolded(flags)) return createLiveReporter(sinks, { isPrefixed: flags.prefix });
  const fold = createFoldReporter(sinks, { diff: flags.diff === true });
  const { CI, TERM, NO_COLOR } = process.env;
  const moves = sinks.stdout.isTerminal && TERM !== 'dumb' && !CI && !NO_COLOR;
  return moves ? withProgress(fold, sinks.stdout.style) : fold;
}

function refuseContradictions(words: readonly string[], flags: ExecFlags): void {
  if (words.length === 0 && flags.script === undefined) {
    throw new UsageError('there is no command to run', { remedy: 'Say it after --: run exec -- uname -r' });
  }
  if (words.length === 1 && words[0] === '' && flags.script === undefined) {
    throw new UsageError('the command is empty', { remedy: 'Is a variable of your shell unset?' });
  }
  const shapes = [
    flags.live === true && '--live',
    (flags.fold ?? flags.diff) === true && '--fold/--diff',
    flags.json === true && '--json',
  ].filter((shape) => shape !== false);
  if (shapes.length > 1) {
    throw new UsageError(`${shapes.join(' and ')} exclude each other`, { remedy: 'Choose one form of output.' });
  }
}
