/** Runs one playbook from the command line: wires files, transport, engine and reports, and turns the end into an exit code. */
import type { ZoneProblem } from '../dns/problems.ts';
import type { Summary } from '../engine/events.ts';
import type { ExitCode } from '../errors.ts';
import type { PlaybookFile } from '../playbook/find.ts';
import type { RunStream } from '../report/stream.ts';
import { askYesNo } from './ask.ts';
import { currentCommit } from './commit.ts';
import { canAsk, type Project } from './context.ts';
import type { PlaybookFlags } from './playbook-options.ts';
import { createReporter } from './playbook-report.ts';
import { loadTarget, type Target } from './playbook-target.ts';
import { rolesOfProject } from './project-playbooks.ts';
import { openSession, type RunSession } from './run-session.ts';
import { runToEnd } from './run-to-end.ts';
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
  private declined = false;

  constructor(file: PlaybookFile, flags: PlaybookFlags, project: Project, session: RunSession) {
    this.file = file;
    this.flags = flags;
    this.project = project;
    this.session = session;
    this.stream = session.stream;
  }

  execute(): Promise<ExitCode> {
    const { file, flags, session } = this;
    return runToEnd({
      name: file.name,
      flags,
      session,
      work: (signal) => this.work(signal),
      isDeclined: () => this.declined,
      onSecond: 'Again: aborts at once.',
      afterAbort: (open) =>
        open.length === 0
          ? 'Hosts whose state is unknown: run the same command again, it observes them first.'
          : `The host itself undoes what was not confirmed, within ${flags.confirmWithin} s.`,
    });
  }

  private async work(signal: AbortSignal): Promise<Summary> {
    const { file, flags, project } = this;
    const target = await loadTarget(file, flags, project, (problems) => this.sayDoubts(problems));
    await this.session.useInventory(target.inventory);
    return this.run(target, signal);
  }

  private async run(target: Target, signal: AbortSignal): Promise<Summary> {
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
}
