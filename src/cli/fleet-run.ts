/** Wires exec, copy and fetch: hosts from the inventory, connections, reports, Ctrl-C, and the exit code at the end. */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { EXIT, type ExitCode } from '../errors.ts';
import type { FleetCommand, HostOutcome } from '../exec/events.ts';
import type { Fleet } from '../exec/fleet.ts';
import { exitCodeOf } from '../exec/outcome.ts';
import type { Inventory } from '../inventory/model.ts';
import { createJsonReporter, type FleetReporter, type Sink, type Sinks } from '../report/exec-reporter.ts';
import { summaryLines } from '../report/exec-summary.ts';
import { drawRunId } from '../report/stream.ts';
import type { Style } from '../report/style.ts';
import { styleFor } from '../report/terminal-style.ts';
import { maskKnown } from '../secrets/known.ts';
import { fleetRecord } from '../store/fleet-record.ts';
import { redactor, redactRecord } from '../store/redact.ts';
import type { Project } from './context.ts';
import type { FleetFlags } from './fleet-options.ts';
import { HistoryKeeper } from './history-keeper.ts';
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

export async function runFleetCommand({ command, flags, project, reporter, work, lines }: FleetRun): Promise<ExitCode> {
  const startedMs = performance.now();
  // Loading the SSH library takes as long as reading the inventory: side by side where the disk is slow.
  const [inventory, { createTransport }, { selectHosts }] = await Promise.all([
    loadTargetInventory(flags, project),
    import('../ssh/index.ts'),
    import('../inventory/pattern.ts'),
  ]);
  const hosts = selectHosts(inventory satisfies Inventory, flags.limit);
  const interruption = handleInterrupts({
    onFirst: () => process.stderr.write('interrupted: ending what runs; again: at once\n'),
    onSecond: () => {
      writeSync(2, 'Given up at once: commands may still run on the hosts until their deadline.\n');
      process.exit(EXIT.interrupted);
    },
  });
  const readerIsGone = new AbortController();
  const sinks = { stdout: sink(process.stdout, readerIsGone), stderr: sink(process.stderr, readerIsGone) };
  const id = drawRunId();
  const chosen = flags.json === true ? createJsonReporter(sinks, id) : reporter(sinks);
  const keeper = new HistoryKeeper({ id, command, flags, project });
  try {
    keeper.prepare();
    const outcomes = await work({
      hosts,
      forks: flags.forks,
      transport: createTransport(),
      remote: {
        nonce: randomBytes(8).toString('hex'),
        sudo: flags.sudo === true,
        ignoresLocks: flags.ignoreLocks === true,
      },
      emit: chosen.onEvent,
      signal: AbortSignal.any([interruption.signal, readerIsGone.signal]),
    });
    const exit = exitCodeOf(outcomes);
    const tookMs = Math.round(performance.now() - startedMs);
    await chosen.end({ command, outcomes, exit, tookMs });
    if (flags.json !== true) {
      const { style } = sinks.stderr;
      const all = [...(lines?.(outcomes, style) ?? []), ...summaryLines(outcomes, { style, exit, tookMs })];
      await sinks.stderr.write(`${all.join('\n')}\n`);
    }
    await keep(keeper, outcomes, exit, tookMs);
    return exit;
  } finally {
    keeper.close();
    interruption.dispose();
  }
}

async function keep(
  keeper: HistoryKeeper,
  outcomes: readonly HostOutcome[],
  exit: ExitCode,
  durationMs: number,
): Promise<void> {
  await keeper.ready();
  const record = fleetRecord(keeper.head(), { outcomes, exit, endedAt: new Date().toISOString(), durationMs });
  keeper.write(redactRecord(record, redactor(maskKnown)));
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
