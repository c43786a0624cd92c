/** Runs one playbook from the command line: wires files, transport, engine and reports, and turns the end into an exit code. */
import { writeSync } from 'node:fs';
import type { ZoneProblem } from '../dns/problems.ts';
import { errorReport } from '../engine/error-report.ts';
import type { Summary } from '../engine/events.ts';
import { EXIT, type ExitCode, InfraError } from '../errors.ts';
import type { PlaybookFile } from '../playbook/find.ts';
import { abortedSummary } from '../report/abort.ts';
import { jsonLine } from '../report/ndjson.ts';
import type { RunStream } from '../report/stream.ts';
import { askYesNo } from './ask.ts';
import { currentCommit } from './commit.ts';
import { canAsk, type Project } from './context.ts';
import { CancelledError } from './errors.ts';
import { exitCode } from './exit-code.ts';
import { printFailure } from './failure.ts';
import { handleInterrupts, type Interruption } from './interrupt.ts';
import type { PlaybookFlags } from './playbook-options.ts';
import { createReporter } from './playbook-report.ts';
import { loadTarget, type Target } from './playbook-target.ts';
import { rolesOfProject } from './project-playbooks.ts';
import { openSession, type RunSession } from './run-session.ts';
import { isLab } from './target-inventory.ts';
import { zoneWarnings } from './zone-warnings.ts';

export async function runPlaybookCommand(
  file: PlaybookFile,
  flags: PlaybookFlags,
  project: Project,
): Promise<ExitCode> {
  if (flags.listHosts === true || flags.listTasks === true) {
    const { listPlaybook } = await import('./playbook-list.ts');
    return listPlaybook(await loadTarget(file, flags, project), flags);
  }
  const session = await openSession({
    command: file.name,
    flags,
    project,
    screen: ({ showCommand }) => createReporter(file, flags, showCommand),
  });
  return new PlaybookRun(file, flags, project, session).execute();
}

class PlaybookRun {
  private readonly file: PlaybookFile;
  private readonly flags: PlaybookFlags;
  private readonly project: Project;
  private readonly session: RunSession;
  private readonly stream: RunStream;
  private readonly startedMs = performance.now();
  private declined = false;

  constructor(file: PlaybookFile, flags: PlaybookFlags, project: Project, session: RunSession) {
    this.file = file;
    this.flags = flags;
    this.project = project;
    this.session = session;
    this.stream = session.stream;
  }

  async execute(): Promise<ExitCode> {
    const interruption = handleInterrupts({
      onFirst: (name) => this.sayInterrupted(name),
      onSecond: () => this.abortAtOnce(),
    });
    try {
      const target = await loadTarget(this.file, this.flags, this.project, (problems) => this.sayDoubts(problems));
      const summary = await this.run(target, interruption);
      const code = exitCode(summary, { interrupted: wasCut(summary, interruption), declined: this.declined });
      await this.session.end(code);
      return code;
    } catch (error) {
      return await this.fail(error);
    } finally {
      interruption.dispose();
    }
  }

  private async run(target: Target, { signal }: Interruption): Promise<Summary> {
    const { flags, stream } = this;
    const [{ runPlaybook }, { createTransport }] = await Promise.all([
      import('../engine/run.ts'),
      import('../ssh/index.ts'),
    ]);
    const commit = currentCommit(this.project.dir);
    const asks = canAsk() && flags.check !== true && !isLab(flags) && flags.yes !== true;
    return runPlaybook({
      run: stream.run,
      playbook: target.playbook,
      inventory: target.inventory,
      zones: target.zones,
      projectRoles: rolesOfProject(this.project, target.inventory, target.zones),
      transport: createTransport(),
      options: {
        ...(flags.limit === undefined ? {} : { limit: flags.limit }),
        check: flags.check === true,
        diff: flags.diff === true || asks || flags.check !== true, // for the history
        tags: flags.tags ?? [],
        skipTags: flags.skipTags ?? [],
        forks: flags.forks,
        confirmWithinSec: flags.confirmWithin,
        waitLockSec: flags.waitLock,
        forceUnsafe: flags.forceUnsafe === true,
      },
      emit: stream.emit,
      signal,
      ...(commit === undefined ? {} : { commit }),
      ...(asks ? { confirm: (question: string) => this.ask(question, signal) } : {}),
    });
  }

  /** Shows what is about to be done, on stderr: stdout is for the report. */
  private async ask(question: string, signal: AbortSignal): Promise<boolean> {
    const { planText } = await import('./playbook-report.ts');
    await this.stream.suspend();
    process.stderr.write(planText(this.stream.view()));
    const isYes = await askYesNo(question, signal);
    this.declined = !isYes;
    this.stream.resume();
    return isYes;
  }

  /** Only of a playbook that uses the zones: others ask for none. */
  private sayDoubts(problems: readonly ZoneProblem[]): void {
    for (const warning of zoneWarnings(problems)) this.stream.emit({ event: 'warning', ...warning });
  }

  private sayInterrupted(name: NodeJS.Signals): void {
    this.stream.emit({
      event: 'warning',
      message: `${name === 'SIGINT' ? 'interrupted' : `ended by ${name}`}: no further host is begun, the current one is ended safely`,
      remedy: 'Again: aborts at once.',
    });
  }

  /** Everything is written synchronously: nothing is waited for any more. */
  private abortAtOnce(): never {
    const error = new CancelledError('aborted at once', {
      remedy: 'Hosts whose state is unknown: run the same command again, it observes them first.',
    });
    const summary = this.summaryOf(error);
    const code = exitCode(summary, { interrupted: true, declined: false });
    this.session.abort(summary, code);
    if (this.flags.json === true) {
      writeSync(1, jsonLine({ ...stamp(summary, this.stream.run) }));
    } else {
      const open = Object.keys(summary.hosts).filter((host) => summary.hosts[host]?.status === 'unknown');
      const { confirmWithin } = this.flags;
      const fate = `Unknown: ${open.join(', ')}. The host itself undoes what was not confirmed, within ${confirmWithin} s.`;
      writeSync(2, `\nAborted at once.${open.length > 0 ? ` ${fate}` : ''}\n`);
    }
    process.exit(code);
  }

  /** What ended the run without a summary of the engine: wrong input, or a bug. */
  private async fail(error: unknown): Promise<ExitCode> {
    const summary = this.summaryOf(error);
    const states = Object.values(summary.hosts).map(({ status }) => status);
    const own = error instanceof InfraError ? error.exitCode : EXIT.usage;
    const code =
      states.includes('unknown') || states.includes('changed')
        ? exitCode(summary, { interrupted: own === EXIT.interrupted, declined: false })
        : own;
    if (this.stream.view().summary === undefined) this.stream.emit(summary);
    await this.session.end(code);
    printFailure(error, code);
    return code;
  }

  private summaryOf(error: unknown): Summary {
    return abortedSummary({
      view: this.stream.view(),
      playbook: this.file.name,
      check: this.flags.check === true,
      durationMs: Math.round(performance.now() - this.startedMs),
      error: errorReport(error),
    });
  }
}

function stamp(summary: Summary, run: string): object {
  const { event, ...fields } = summary;
  return { event, at: new Date().toISOString(), run, ...fields };
}

/** Interrupted counts when it kept the run from doing something. */
function wasCut(summary: Summary, { signal }: Interruption): boolean {
  return signal.aborted && Object.values(summary.hosts).some(({ status }) => status !== 'ok' && status !== 'changed');
}
