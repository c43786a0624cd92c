/** `run upgrade`, `run reboot` and `run rollback` from the command line: wires project, store, engine and reports. */
import type { Summary } from '../engine/events.ts';
import type { RunContext } from '../engine/run-context.ts';
import type { ExitCode } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import { selectHosts } from '../inventory/pattern.ts';
import { warningLines } from '../report/run-text.ts';
import type { RunStream } from '../report/stream.ts';
import { styleFor } from '../report/terminal-style.ts';
import type { Upgrade } from '../upgrade/define.ts';
import { checkOrder } from '../upgrade/order.ts';
import { parseWanted, type Wanted } from '../upgrade/release.ts';
import type { RollOutInput } from '../upgrade/roll-out.ts';
import { settingsFor } from '../upgrade/settings.ts';
import type { Project } from './context.ts';
import { UsageError } from './errors.ts';
import { questionFor, requireSomebody } from './operator-ask.ts';
import { commandLineFor, loadOperatorTarget, type OperatorTarget, operatorContext } from './operator-target.ts';
import { planText, reporterFor } from './playbook-report.ts';
import { loadProjectPlaybooks } from './project-playbooks.ts';
import { openSession, type RunSession } from './run-session.ts';
import { runToEnd } from './run-to-end.ts';
import type { BootFlags, UpgradeFlags } from './upgrade.ts';
import { openMemory } from './upgrade-memory.ts';
import { loadProjectUpgrade } from './upgrade-playbook.ts';

type Work = (ctx: RunContext, input: RollOutInput) => Promise<Summary>;

export async function runUpgradeCommand(flags: UpgradeFlags, project: Project): Promise<ExitCode> {
  return (await bootRun('upgrade', flags, project)).execute(async (ctx, input) => {
    const wanted = wantedOf(flags.to ?? input.upgrade.to);
    const given = { ...input, wanted, allowDenied: flags.allowDenied === true };
    if (flags.resume !== true && flags.abort !== true)
      return (await import('../upgrade/run-upgrade.ts')).runUpgrade(ctx, given);
    const { runResume } = await import('../upgrade/run-resume.ts');
    return runResume(ctx, given, flags.resume === true ? 'resume' : 'abort');
  });
}

export async function runRebootCommand(flags: BootFlags, project: Project): Promise<ExitCode> {
  return (await bootRun('reboot', flags, project)).execute(async (ctx, input) =>
    (await import('../upgrade/run-reboot.ts')).runReboot(ctx, input),
  );
}

/** One at a time: a pair must not go back together. */
export async function runRollbackCommand(host: string, flags: BootFlags, project: Project): Promise<ExitCode> {
  return (await bootRun('rollback', { ...flags, limit: host }, project)).execute(async (ctx, input) => {
    if (input.hosts.length !== 1)
      throw new UsageError(`run rollback takes one host, and ${host} names ${input.hosts.length}`, {
        remedy: `Bring them back one after the other: ${input.hosts.map(({ name }) => name).join(', ')}`,
      });
    return (await import('../upgrade/run-rollback.ts')).runRollback(ctx, input);
  });
}

function wantedOf(text: string): Wanted {
  const wanted = parseWanted(text);
  if (wanted !== undefined) return wanted;
  throw new UsageError(`${JSON.stringify(text)} is not a release`, {
    remedy: 'Say --to 44.20261115.3.0, --to sha256:DIGEST (64 hex digits), or --to latest.',
  });
}

async function bootRun(name: string, flags: BootFlags & Partial<UpgradeFlags>, project: Project): Promise<BootRun> {
  const words = [
    name,
    ...(flags.limit === undefined ? [] : name === 'upgrade' ? ['--limit', flags.limit] : [flags.limit]),
  ];
  const target = [
    ...(flags.to === undefined ? [] : ['--to', flags.to]),
    ...(flags.graph === undefined ? [] : ['--graph', flags.graph]),
    ...(flags.allowDenied === true ? ['--allow-denied'] : []),
    ...(flags.allowDowngrade === true ? ['--allow-downgrade'] : []),
  ];
  const session = await openSession({
    command: name,
    flags,
    project,
    screen: ({ showCommand }) =>
      reporterFor({
        json: flags.json === true,
        diff: false,
        verbose: flags.verbose,
        applyCommand: commandLineFor(flags)([...words, ...target].join(' ')),
        showCommand,
      }),
  });
  return new BootRun(name, flags, project, session);
}

class BootRun {
  private readonly name: string;
  private readonly flags: BootFlags & Partial<UpgradeFlags>;
  private readonly project: Project;
  private readonly session: RunSession;
  private readonly stream: RunStream;
  private declined = false;

  constructor(name: string, flags: BootFlags & Partial<UpgradeFlags>, project: Project, session: RunSession) {
    this.name = name;
    this.flags = flags;
    this.project = project;
    this.session = session;
    this.stream = session.stream;
  }

  execute(work: Work): Promise<ExitCode> {
    const { name, flags, session } = this;
    if (flags.check !== true) requireSomebody(name, flags);
    return runToEnd({
      name,
      flags,
      session,
      work: (signal) => this.run(work, signal),
      isDeclined: () => this.declined,
      onSecond: 'Again: aborts at once; a host in its trial then goes back by itself.',
      afterAbort: () =>
        'What is open on a host: run status. To go on: run upgrade --resume; to end it: run upgrade --abort.',
    });
  }

  private async run(work: Work, signal: AbortSignal): Promise<Summary> {
    const { flags, project, stream } = this;
    const [target, { playbooks }, upgrade, opened] = await Promise.all([
      loadOperatorTarget(flags, project),
      loadProjectPlaybooks(project),
      loadProjectUpgrade(project, this.name === 'upgrade'),
      openMemory(flags, project),
    ]);
    try {
      await this.session.useInventory(target.inventory);
      const problems = [...target.problems, ...(opened.problem === undefined ? [] : [opened.problem])];
      for (const { message, remedy } of problems) stream.emit({ event: 'warning', message, remedy });
      const hosts = hostsOf(target, upgrade, flags.limit);
      const settings = new Map(hosts.map((host) => [host.name, settingsFor(host, upgrade, overridesOf(flags))]));
      const ctx = await this.context(target, signal);
      return await work(ctx, {
        name: this.name,
        upgrade,
        hosts,
        roles: target.roles,
        playbooks,
        memory: opened.memory,
        settings: (host) => settings.get(host.name) ?? settingsFor(host, upgrade, overridesOf(flags)),
        wallMs: () => Date.now(),
        ignoreWindows: flags.ignoreWindows === true,
        allowDowngrade: flags.allowDowngrade === true,
      });
    } finally {
      opened.close();
    }
  }

  private async context(target: OperatorTarget, signal: AbortSignal): Promise<RunContext> {
    const { flags, stream } = this;
    const ask = flags.check === true ? undefined : questionFor(flags, signal);
    return operatorContext({
      run: stream.run,
      inventory: target.inventory,
      zones: target.zones,
      options: {
        ...(flags.limit === undefined ? {} : { limit: flags.limit }),
        check: flags.check === true,
        forks: flags.forks,
        waitLockSec: flags.waitLock,
        forceUnsafe: flags.forceUnsafe === true,
      },
      emit: stream.emit,
      signal,
      ...(ask === undefined ? {} : { confirm: (question: string) => this.ask(question, ask) }),
    });
  }

  /** Shows what is about to be done, on stderr: stdout is for the report. */
  private async ask(question: string, ask: (question: string) => Promise<boolean>): Promise<boolean> {
    await this.stream.suspend();
    const view = this.stream.view();
    const style = styleFor(process.stderr, process.env);
    const lines = [
      ...(view.title === undefined ? [] : [view.title]),
      ...view.warnings.flatMap((one) => warningLines(one, style)),
    ];
    process.stderr.write(planText(view) + lines.map((line) => `${line}\n`).join(''));
    const isYes = await ask(question);
    this.declined = !isYes;
    this.stream.resume();
    return isYes;
  }
}

function overridesOf({ soak, within, graph }: Partial<UpgradeFlags>): {
  soak?: string;
  within?: string;
  graph?: string;
} {
  return {
    ...(soak === undefined ? {} : { soak }),
    ...(within === undefined ? {} : { within }),
    ...(graph === undefined ? {} : { graph }),
  };
}

function hostsOf({ inventory }: OperatorTarget, upgrade: Upgrade, limit: string | undefined): readonly Host[] {
  const all = selectHosts(inventory, upgrade.hosts);
  checkOrder(
    upgrade.order,
    all.map(({ name }) => name),
    upgrade.maxFailed,
  );
  return limit === undefined ? all : selectHosts(inventory, upgrade.hosts, { limit });
}
