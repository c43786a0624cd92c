/** `run status`: asks all hosts at once, and says who serves, what is open, and what a person changed. */
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { FleetStatus } from '../engine/fleet.ts';
import { fleetVerdict } from '../engine/fleet.ts';
import type { RunContext } from '../engine/run-context.ts';
import { fleetStatus, type StatusInput } from '../engine/status.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { errnoWords } from '../exec/errno-words.ts';
import { selectHosts } from '../inventory/pattern.ts';
import { jsonLine } from '../report/ndjson.ts';
import type { Activity } from '../report/status-activity.ts';
import { prometheusText } from '../report/status-prometheus.ts';
import { statusLines } from '../report/status-text.ts';
import { styleFor } from '../report/terminal-style.ts';
import type { Project } from './context.ts';
import { UsageError } from './errors.ts';
import { handleInterrupts } from './interrupt.ts';
import type { StatusFlags } from './operator.ts';
import { commandLineFor, loadOperatorTarget, operatorContext } from './operator-target.ts';
import { readActivity } from './status-activity.ts';

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
    const input = { hosts, roles, problems, drift: flags.drift === true };
    if (flags.watch === undefined) return await look(ctx, input, flags, project);
    return await watch(ctx, flags.watch, () => look(ctx, input, flags, project));
  } finally {
    interruption.dispose();
  }
}

/** Asks once, and prints. */
async function look(ctx: RunContext, input: StatusInput, flags: StatusFlags, project: Project): Promise<ExitCode> {
  const [status, activity] = await Promise.all([fleetStatus(ctx, input), readActivity(flags, project)]);
  const exit = ctx.signal.aborted ? EXIT.interrupted : exitOf(status);
  // A look that was cut short says nothing true.
  if (flags.watch !== undefined && ctx.signal.aborted) return exit;
  if (flags.prometheus !== undefined) {
    writeMetrics(flags.prometheus, prometheusText(status, { exit, nowMs: Date.now(), activity }));
  } else if (flags.json === true) {
    process.stdout.write(jsonLine({ at: new Date().toISOString(), exit, ...status, ...activityJson(activity) }));
  } else {
    process.stdout.write(screen(status, { exit, flags, activity }));
  }
  return exit;
}

/** Until Ctrl-C; then with the exit code of the last look. */
async function watch(ctx: RunContext, everySec: number, lookOnce: () => Promise<ExitCode>): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  while (!ctx.signal.aborted) {
    const code = await lookOnce();
    if (!ctx.signal.aborted) exit = code;
    await pause(everySec * 1000, ctx.signal);
  }
  return exit;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      done();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

interface Screen {
  readonly exit: ExitCode;
  readonly flags: StatusFlags;
  readonly activity: Activity;
}

function screen(status: FleetStatus, { exit, flags, activity }: Screen): string {
  const style = styleFor(process.stdout, process.env);
  const drift = flags.drift === true;
  const os = flags.os === true;
  const text = `${statusLines(status, { style, exit, drift, os, activity, commandLine: commandLineFor(flags) }).join('\n')}\n`;
  if (flags.watch === undefined) return text;
  const time = new Date().toTimeString().slice(0, 8);
  // On a terminal in place, without a flash: the old text goes once the new one is there. Elsewhere one after the other.
  const isTerminal = process.stdout.isTTY === true && process.env['TERM'] !== 'dumb';
  return isTerminal ? `\x1b[H\x1b[J${time} · every ${flags.watch} s · Ctrl-C ends\n\n${text}` : `${time}\n${text}\n`;
}

function activityJson({ last, next }: Activity): object {
  const { command, outcome, exit, startedAt, owner, schedule } = last ?? {};
  return {
    last: last === undefined ? null : { command, outcome, exit, startedAt, owner, schedule },
    next: next ?? null,
  };
}

/** The collector may read at any moment: in one piece, under a name that it does not read until then. */
function writeMetrics(target: string | true, text: string): void {
  if (target === true) {
    process.stdout.write(text);
    return;
  }
  const path = resolve(target);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text);
    // Whatever the umask is (a schedule's is 077): the collector is another user.
    chmodSync(temporary, 0o644);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new UsageError(`--prometheus ${target} cannot be written: ${errnoWords(error)}`, {
      remedy: 'Give a file in a folder that is there and may be written.',
      cause: error,
    });
  }
}

/** A host that refuses us (its key, sudo) is not unreachable: something is wrong with it. */
function exitOf(status: FleetStatus): ExitCode {
  const { failing, unreached } = fleetVerdict(status);
  if (failing.length > 0) return EXIT.failed;
  if (unreached.length > 0) return EXIT.unreachable;
  return status.problems.length > 0 ? EXIT.usage : EXIT.ok;
}
