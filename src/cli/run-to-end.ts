/** How a run from the command line ends, whatever kind it is: by its summary, by an error, or at once. */
import { writeSync } from 'node:fs';
import { errorReport } from '../engine/error-report.ts';
import type { Summary } from '../engine/events.ts';
import { EXIT, type ExitCode, InfraError } from '../errors.ts';
import { abortedSummary, isUntouched } from '../report/abort.ts';
import { jsonLine } from '../report/ndjson.ts';
import { CancelledError } from './errors.ts';
import { codeOfFailure, exitCode } from './exit-code.ts';
import { printFailure } from './failure.ts';
import { handleInterrupts } from './interrupt.ts';
import type { RunSession } from './run-session.ts';

/** What the kinds of runs say differently. */
export interface RunToEnd {
  /** The playbook or command. */
  readonly name: string;
  readonly flags: { readonly check?: true; readonly json?: true };
  readonly session: RunSession;
  /** The run itself. Throws what kept it from being begun. */
  readonly work: (signal: AbortSignal) => Promise<Summary>;
  /** The question before the first change was answered with no. */
  readonly isDeclined: () => boolean;
  /** Of the second Ctrl-C: what it means for the host at work. */
  readonly onSecond: string;
  /** What to do when it was aborted at once; `open`: hosts of which nobody knows how they ended. */
  readonly afterAbort: (open: readonly string[]) => string;
}

/** Never throws for what a run does: it is told, recorded, and its exit code returned. */
export async function runToEnd(run: RunToEnd): Promise<ExitCode> {
  const { session, work, isDeclined, onSecond } = run;
  const startedMs = performance.now();
  const interruption = handleInterrupts({
    onFirst: (name) =>
      session.stream.emit({
        event: 'warning',
        message: `${name === 'SIGINT' ? 'interrupted' : `ended by ${name}`}: no further host is begun, the current one is ended safely`,
        remedy: onSecond,
      }),
    onSecond: () => abortAtOnce(run, startedMs),
  });
  try {
    const summary = await work(interruption.signal);
    // Interrupted counts when it kept the run from doing something.
    const isCut =
      interruption.signal.aborted &&
      Object.values(summary.hosts).some(({ status }) => status !== 'ok' && status !== 'changed');
    const code = exitCode(summary, { interrupted: isCut, declined: isDeclined() });
    await session.end(code);
    return code;
  } catch (error) {
    return await fail(run, error, startedMs);
  } finally {
    interruption.dispose();
  }
}

/** Everything is written synchronously: nothing is waited for any more. */
function abortAtOnce(run: RunToEnd, startedMs: number): never {
  const { session, flags, afterAbort } = run;
  const error = new CancelledError('aborted at once', { remedy: afterAbort([]) });
  const summary = summaryOf(run, error, startedMs);
  const code = exitCode(summary, { interrupted: true, declined: false });
  session.abort(summary, code);
  if (flags.json === true) {
    const { event, ...fields } = summary;
    writeSync(1, jsonLine({ event, at: new Date().toISOString(), run: session.stream.run, ...fields }));
  } else {
    const open = Object.keys(summary.hosts).filter((host) => summary.hosts[host]?.status === 'unknown');
    writeSync(2, `\nAborted at once.${open.length === 0 ? '' : ` Unknown: ${open.join(', ')}.`} ${afterAbort(open)}\n`);
  }
  process.exit(code);
}

/** What ended the run without a summary of the engine: wrong input, what its middle could not learn, or a bug. */
async function fail(run: RunToEnd, error: unknown, startedMs: number): Promise<ExitCode> {
  const { session } = run;
  const summary = summaryOf(run, error, startedMs);
  const own = error instanceof InfraError ? error.exitCode : EXIT.usage;
  const code = codeOfFailure(summary, own);
  if (session.stream.view().summary === undefined) session.stream.emit(summary);
  await session.end(code);
  printFailure(error, code, isUntouched(summary));
  return code;
}

function summaryOf({ name, flags, session }: RunToEnd, error: unknown, startedMs: number): Summary {
  return abortedSummary({
    view: session.stream.view(),
    playbook: name,
    check: flags.check === true,
    durationMs: Math.round(performance.now() - startedMs),
    error: errorReport(error),
  });
}
