/** `run status`: asks all hosts at once, and says who serves, what is open, and what a person changed. */
import type { FleetStatus } from '../engine/fleet.ts';
import { fleetVerdict } from '../engine/fleet.ts';
import { fleetStatus } from '../engine/status.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { selectHosts } from '../inventory/pattern.ts';
import { jsonLine } from '../report/ndjson.ts';
import { statusLines } from '../report/status-text.ts';
import { styleFor } from '../report/terminal-style.ts';
import type { Project } from './context.ts';
import { handleInterrupts } from './interrupt.ts';
import type { StatusFlags } from './operator.ts';
import { commandLineFor, loadOperatorTarget, operatorContext } from './operator-target.ts';

/** A host that does not answer must not keep the others waiting; who is slower than this is told to be unreachable. */
const CONNECT_MS = 4_000;
const OBSERVE_MS = 15_000;

/** 0: all serve · 2: something does not · 4: unreachable · 1: playbooks, vars or zones are wrong, so not everything could be asked. */
export async function runStatus(pattern: string, flags: StatusFlags, project: Project): Promise<ExitCode> {
  const { inventory, zones, roles, problems } = await loadOperatorTarget(flags, project);
  const hosts = selectHosts(inventory, pattern);
  const interruption = handleInterrupts({ onFirst: () => {}, onSecond: () => process.exit(EXIT.interrupted) });
  try {
    const ctx = await operatorContext({
      run: '',
      inventory,
      zones,
      options: { check: true, forks: flags.forks },
      deadlines: { connectMs: CONNECT_MS, observeMs: OBSERVE_MS, confirmMs: OBSERVE_MS },
      signal: interruption.signal,
    });
    const status = await fleetStatus(ctx, { hosts, roles, problems, drift: flags.drift === true });
    const exit = interruption.signal.aborted ? EXIT.interrupted : exitOf(status);
    if (flags.json === true) {
      process.stdout.write(jsonLine({ at: new Date().toISOString(), exit, ...status }));
    } else {
      const style = styleFor(process.stdout, process.env);
      const lines = statusLines(status, {
        style,
        exit,
        drift: flags.drift === true,
        commandLine: commandLineFor(flags),
      });
      process.stdout.write(`${lines.join('\n')}\n`);
    }
    return exit;
  } finally {
    interruption.dispose();
  }
}

/** A host that refuses us (its key, sudo) is not unreachable: something is wrong with it. */
function exitOf(status: FleetStatus): ExitCode {
  const { failing, unreached } = fleetVerdict(status);
  if (failing.length > 0) return EXIT.failed;
  if (unreached.length > 0) return EXIT.unreachable;
  return status.problems.length > 0 ? EXIT.usage : EXIT.ok;
}
