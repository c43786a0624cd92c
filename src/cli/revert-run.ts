/** `run revert` from the command line: one host, reported like a run. */

import type { Summary } from '../engine/events.ts';
import { runRestore } from '../engine/restore.ts';
import type { ExitCode } from '../errors.ts';
import type { Host, Inventory } from '../inventory/model.ts';
import { selectHosts } from '../inventory/pattern.ts';
import { warningLines } from '../report/run-text.ts';
import type { RunStream } from '../report/stream.ts';
import { styleFor } from '../report/terminal-style.ts';
import type { Project } from './context.ts';
import { UsageError } from './errors.ts';
import type { RevertFlags } from './operator.ts';
import { questionFor, requireSomebody } from './operator-ask.ts';
import { commandLineFor, loadOperatorTarget, type OperatorTarget, operatorContext } from './operator-target.ts';
import { planText, reporterFor } from './playbook-report.ts';
import { openSession } from './run-session.ts';
import { runToEnd } from './run-to-end.ts';

export async function runRevert(name: string, flags: RevertFlags, project: Project): Promise<ExitCode> {
  if (flags.check !== true) requireSomebody('revert', flags);
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
  let isDeclined = false;
  return runToEnd({
    name: 'revert',
    flags,
    session,
    work: async (signal) => {
      const target = await loadOperatorTarget(flags, project);
      await session.useInventory(target.inventory);
      const declined = (): void => {
        isDeclined = true;
      };
      return revert(oneHost(target.inventory, name), target, { flags, stream: session.stream, signal, declined });
    },
    isDeclined: () => isDeclined,
    onSecond: 'Again: aborts at once.',
    afterAbort: () => 'See how the host stands: run status',
  });
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
  readonly signal: AbortSignal;
  /** The question was answered with no. */
  readonly declined: () => void;
}

async function revert(
  host: Host,
  target: OperatorTarget,
  { flags, stream, signal, declined }: Terms,
): Promise<Summary> {
  const ask = questionFor(flags, signal);
  const confirm = async (question: string): Promise<boolean> => {
    await stream.suspend();
    const style = styleFor(process.stderr, process.env);
    const warnings = stream.view().warnings.flatMap((warning) => warningLines(warning, style));
    process.stderr.write(planText(stream.view()) + warnings.map((line) => `${line}\n`).join(''));
    const isYes = ask === undefined || (await ask(question));
    if (!isYes) declined();
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
  return runRestore(ctx, {
    host,
    roles: target.roles,
    ...(flags.to === undefined ? {} : { to: flags.to }),
  });
}
