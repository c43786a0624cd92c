/** Wires exec, copy and fetch: hosts from the inventory, connections, reports, Ctrl-C, and the exit code at the end. */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { errorReport } from '../engine/error-report.ts';
import { EXIT, type ExitCode, InfraError } from '../errors.ts';
import type { FleetCommand, HostOutcome } from '../exec/events.ts';
import type { Fleet } from '../exec/fleet.ts';
import { exitCodeOf } from '../exec/outcome.ts';
import type { Host, Inventory } from '../inventory/model.ts';
import { type JsonSummary, jsonSummary } from '../report/exec-json.ts';
import { createJsonReporter, type FleetReporter, type Sink, type Sinks } from '../report/exec-reporter.ts';
import { summaryLines } from '../report/exec-summary.ts';
import { hostsWord } from '../report/exec-words.ts';
import { jsonLine } from '../report/ndjson.ts';
import { drawRunId } from '../report/stream.ts';
import type { Style } from '../report/style.ts';
import { styleFor } from '../report/terminal-style.ts';
import type { Transport } from '../ssh/transport.ts';
import type { Project } from './context.ts';
import { FleetLog } from './fleet-log.ts';
import type { FleetFlags } from './fleet-options.ts';
import { handleInterrupts } from './interrupt.ts';
import { loadTargetInventory } from './target-inventory.ts';

export interface FleetRun {
  readonly command: FleetCommand;
  readonly flags: FleetFlags;
  readonly project: Project;
  readonly reporter: (sinks: Sinks) => FleetReporter;
  /** What can be wrong before a host is touched throws here or in `loadTargetInventory`. */
  readonly work: (fleet: Fleet) => Promise<readonly HostOutcome[]>;
  /** Lines on stderr between the hosts' output and the summary. */
  readonly lines?: (outcomes: readonly HostOutcome[], style: Style) => readonly string[];
}

export async function runFleetCommand(run: FleetRun): Promise<ExitCode> {
  const { command, flags, project } = run;
  const id = drawRunId();
  const log = await FleetLog.open({ id, command, flags, project });
  try {
    const target = await loadTarget(flags, project).catch((error: unknown) => {
      const exit = error instanceof InfraError ? error.exitCode : EXIT.usage;
      log.refused(error, exit);
      if (flags.json === true) {
        const ended = { command, outcomes: [], exit, tookMs: log.tookMs, error: errorReport(error) };
        process.stdout.write(jsonLine(jsonSummary(ended, { at: new Date().toISOString(), run: id })));
      }
      throw error;
    });
    return await runOn(target, run, { id, log });
  } finally {
    log.close();
  }
}

interface Target {
  readonly hosts: readonly Host[];
  readonly transport: Transport;
}

/** Loading the SSH library takes as long as reading the inventory: side by side where the disk is slow. */
async function loadTarget(flags: FleetFlags, project: Project): Promise<Target> {
  const [inventory, { createTransport }, { selectHosts }] = await Promise.all([
    loadTargetInventory(flags, project),
    import('../ssh/index.ts'),
    import('../inventory/pattern.ts'),
  ]);
  return { hosts: selectHosts(inventory satisfies Inventory, flags.limit), transport: createTransport() };
}

async function runOn(
  { hosts, transport }: Target,
  { command, flags, reporter, work, lines }: FleetRun,
  { id, log }: { readonly id: string; readonly log: FleetLog },
): Promise<ExitCode> {
  const interruption = handleInterrupts({
    onFirst: () => process.stderr.write('interrupted: ending what runs; again: at once\n'),
    onSecond: () => {
      const outcomes = log.abort();
      giveUp({ command, outcomes, exit: EXIT.interrupted, tookMs: log.tookMs }, flags.json === true ? id : undefined);
    },
  });
  const readerIsGone = new AbortController();
  const sinks = { stdout: sink(process.stdout, readerIsGone), stderr: sink(process.stderr, readerIsGone) };
  const chosen = flags.json === true ? createJsonReporter(sinks, id) : reporter(sinks);
  try {
    const outcomes = await work({
      hosts,
      forks: flags.forks,
      transport,
      remote: {
        nonce: randomBytes(8).toString('hex'),
        sudo: flags.sudo === true,
        ignoresLocks: flags.ignoreLocks === true,
      },
      emit: (event) => {
        log.onEvent(event);
        return chosen.onEvent(event);
      },
      signal: AbortSignal.any([interruption.signal, readerIsGone.signal]),
    });
    const exit = exitCodeOf(outcomes);
    const { tookMs } = log;
    await chosen.end({ command, outcomes, exit, tookMs });
    if (flags.json !== true) {
      const { style } = sinks.stderr;
      const all = [...(lines?.(outcomes, style) ?? []), ...summaryLines(outcomes, { style, exit, tookMs })];
      await sinks.stderr.write(`${all.join('\n')}\n`);
    }
    await log.ended(outcomes, exit);
    return exit;
  } finally {
    interruption.dispose();
  }
}

/** Everything is written synchronously: nothing is waited for any more. `run`: with --json, whose last line is the summary. */
function giveUp(ended: JsonSummary, run: string | undefined): never {
  const running = ended.outcomes.filter(({ status }) => status === 'interrupted').map(({ host }) => host);
  const where = running.length === 0 ? '' : ` on ${hostsWord(running)}`;
  const words = `Given up at once: what was begun may still run${where} until its deadline.\n`;
  try {
    if (run !== undefined) writeSync(1, jsonLine(jsonSummary(ended, { at: new Date().toISOString(), run })));
    writeSync(2, words);
  } catch {
    // nobody reads
  }
  process.exit(EXIT.interrupted);
}

/** A stream of ours. When nobody reads it any more (`| head`), the hosts need not go on. */
function sink(stream: NodeJS.WriteStream, gone: AbortController): Sink {
  stream.once('error', () => gone.abort());
  return {
    style: styleFor(stream, process.env),
    isTerminal: stream.isTTY === true,
    write: (bytes) => {
      if (gone.signal.aborted || stream.write(bytes)) return undefined;
      return new Promise((resolve) => {
        const done = (): void => {
          stream.off('drain', done);
          gone.signal.removeEventListener('abort', done);
          resolve();
        };
        stream.once('drain', done);
        gone.signal.addEventListener('abort', done);
      });
    },
  };
}
