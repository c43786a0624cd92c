/** `run revert` from the command line: one host, reported like a run. */

import { errorReport } from '../engine/error-report.ts';
import { runRestore } from '../engine/restore.ts';
import { EXIT, type ExitCode, InfraError } from '../errors.ts';
import type { Host, Inventory } from '../inventory/model.ts';
import { selectHosts } from '../inventory/pattern.ts';
import { abortedSummary } from '../report/abort.ts';
import { warningLines } from '../report/run-text.ts';
import type { RunStream } from '../report/stream.ts';
import { styleFor } from '../report/terminal-style.ts';
import type { Project } from './context.ts';
import { CancelledError, UsageError } from './errors.ts';
import { exitCode } from './exit-code.ts';
import { printFailure } from './failure.ts';
import { handleInterrupts, type Interruption } from './interrupt.ts';
import type { RevertFlags } from './operator.ts';
import { questionFor, requireSomebody } from './operator-ask.ts';
import { commandLineFor, loadOperatorTarget, type OperatorTarget, operatorContext } from './operator-target.ts';
import { planText, reporterFor } from './playbook-report.ts';
import { openSession } from './run-session.ts';

export async function runRevert(name: string, flags: RevertFlags, project: Project): Promise<ExitCode> {
  if (flags.check !== true) requireSomebody('revert', flags);
  const started = performance.now();
  const session = await openSession({
    command: 'revert',
    flags,
    project,
    screen: ({ showCommand }) =>
      reporterFor({
        json: flags.json === true,
        diff: flags.diff === true || flags.check === true,
        verbose: 0,
        applyCommand: commandLineFor(flags)(`revert ${name}${flags.to === undefined ? '' : ` --to ${flags.to}`}`),
        showCommand,
      }),
  });
  const { stream } = session;
  const interruption = handleInterrupts({
    onFirst: () =>
      stream.emit({
        event: 'warning',
        message: 'interrupted: the host is ended safely',
        remedy: 'Again: aborts at once.',
      }),
    onSecond: () => {
      const error = errorReport(
        new CancelledError('aborted at once', { remedy: 'See how the host stands: run status' }),
      );
      const durationMs = Math.round(performance.now() - started);
      const view = stream.view();
      session.abort(abortedSummary({ view, playbook: 'revert', check: false, durationMs, error }), EXIT.interrupted);
      process.exit(EXIT.interrupted);
    },
  });
  try {
    const target = await loadOperatorTarget(flags, project);
    await session.useInventory(target.inventory);
    const code = await revert(oneHost(target.inventory, name), target, { flags, stream, interruption });
    await session.end(code);
    return code;
  } catch (error) {
    const code = error instanceof InfraError ? error.exitCode : EXIT.usage;
    const durationMs = Math.round(performance.now() - started);
    const view = stream.view();
    stream.emit(
      abortedSummary({ view, playbook: 'revert', check: flags.check === true, durationMs, error: errorReport(error) }),
    );
    await session.end(code);
    printFailure(error, code);
    return code;
  } finally {
    interruption.dispose();
  }
}

/** One at a time: the pair must not go back together. */
function oneHost(inventory: Inventory, name: string): Host {
  const hosts = selectHosts(inventory, name);
  const [host] = hosts;
  if (host !== undefined && hosts.length === 1) return host;
  throw new UsageError(`run revert takes one host, and ${name} is ${hosts.length}`, {
    remedy: `Bring them back one after the other: ${hosts.map((one) => one.name).join(', ')}`,
  });
}

interface Terms {
  readonly flags: RevertFlags;
  readonly stream: RunStream;
  readonly interruption: Interruption;
}

async function revert(host: Host, target: OperatorTarget, { flags, stream, interruption }: Terms): Promise<ExitCode> {
  const { signal } = interruption;
  const ask = questionFor(flags, signal);
  let declined = false;
  const confirm = async (question: string): Promise<boolean> => {
    await stream.suspend();
    const style = styleFor(process.stderr, process.env);
    const warnings = stream.view().warnings.flatMap((warning) => warningLines(warning, style));
    process.stderr.write(planText(stream.view()) + warnings.map((line) => `${line}\n`).join(''));
    const isYes = ask === undefined || (await ask(question));
    declined = !isYes;
    stream.resume();
    return isYes;
  };
  const ctx = await operatorContext({
    run: stream.run,
    inventory: target.inventory,
    zones: target.zones,
    roles: target.roles,
    options: {
      check: flags.check === true,
      diff: true, // the history has them, whether they are shown or not
      confirmWithinSec: flags.confirmWithin,
      waitLockSec: flags.waitLock,
      forceUnsafe: flags.forceUnsafe === true,
    },
    emit: stream.emit,
    signal,
    ...(ask === undefined || flags.check === true ? {} : { confirm }),
  });
  for (const { message, remedy } of target.problems) stream.emit({ event: 'warning', message, remedy });
  const summary = await runRestore(ctx, {
    host,
    roles: target.roles,
    ...(flags.to === undefined ? {} : { to: flags.to }),
  });
  const interrupted =
    signal.aborted && Object.values(summary.hosts).some(({ status }) => status !== 'ok' && status !== 'changed');
  return exitCode(summary, { interrupted, declined });
}
