/** `run exec`: one command on many hosts. Ended on the host at its deadline, and by Ctrl-C. */
import type { Readable } from 'node:stream';
import { errorReport } from '../engine/error-report.ts';
import { AbortedError, DeadlineError } from '../ssh/errors.ts';
import type { Connection, ExecResult } from '../ssh/transport.ts';
import { CommandTimeoutError } from './errors.ts';
import type { HostOutcome } from './events.ts';
import { type Fleet, type HostResult, type HostWork, runFleet } from './fleet.ts';
import { endingOfResult } from './outcome.ts';
import { endCommand, type Program, runCommand } from './remote-command.ts';
import { execSigned } from './signed-exec.ts';

export interface ExecRequest {
  readonly program: Program;
  /** The operator's words, for whoever reads the events. */
  readonly argv: readonly string[];
  /** 0: none. */
  readonly timeoutSec: number;
  /** For each host anew: script and the operator's stdin. */
  readonly input: () => Uint8Array | Readable | undefined;
  /** After Ctrl-C: how long a command may take to end before it is left alone. Default 2 s. */
  readonly endMs?: number;
  /** Keep the output for folding and --json; else it is only told as it comes. */
  readonly keeps: boolean;
}

/** Beyond the command's own deadline: two seconds until SIGKILL, then the host has to answer. */
const ANSWER_MS = 5000;
const END_MS_DEFAULT = 2000;

/** Never throws. */
export function runExec(fleet: Fleet, request: ExecRequest): Promise<readonly HostOutcome[]> {
  return runFleet(fleet, { command: 'exec', argv: request.argv, work: (work) => execHost(work, request) });
}

async function execHost({ fleet, host, connection, output }: HostWork, request: ExecRequest): Promise<HostResult> {
  const { timeoutSec, program, keeps } = request;
  const { remote, emit, signal } = fleet;
  const ending = new Ending(connection, { signal, asRoot: remote.sudo, endMs: request.endMs ?? END_MS_DEFAULT });
  let startedMs = performance.now();
  const tell = (stream: 'stdout' | 'stderr') => (bytes: Buffer) => {
    if (keeps) output[stream].push(bytes);
    return emit({ event: 'output', host: host.name, stream, bytes });
  };
  const input = request.input();
  try {
    const result = await execSigned(connection, host, {
      what: 'running the command',
      command: runCommand(program, { ...remote, timeoutSec }),
      nonce: remote.nonce,
      until: 'run',
      timeoutMs: timeoutSec === 0 ? Number.POSITIVE_INFINITY : timeoutSec * 1000 + ANSWER_MS,
      ...(input === undefined ? {} : input instanceof Uint8Array ? { stdin: input } : { input }),
      onStdout: tell('stdout'),
      onStderr: tell('stderr'),
      onSign: ([kind, pid = '']) => {
        if (kind !== 'run') return;
        startedMs = performance.now();
        ending.canEnd(pid);
        emit({ event: 'host-started', host: host.name });
      },
      signal: ending.signal,
    });
    if (ending.isAsked && result.code !== 0) return interrupted(host.name, result, 'ended on the host');
    return endingOfResult(host.name, result, { timeoutSec, ranMs: performance.now() - startedMs });
  } catch (error) {
    if (error instanceof DeadlineError) throw silent(host.name, timeoutSec, error);
    if (!(error instanceof AbortedError) || !ending.isAsked) throw error;
    return interrupted(host.name, undefined, leftBehind(timeoutSec, performance.now() - startedMs));
  } finally {
    ending.dispose();
    if (input !== undefined && !(input instanceof Uint8Array)) input.destroy();
  }
}

/** Ctrl-C for one host: its command is asked to end over a second channel; whoever does not is left after a moment. */
class Ending {
  readonly #connection: Connection;
  readonly #asked: AbortSignal;
  readonly #asRoot: boolean;
  readonly #endMs: number;
  readonly #controller = new AbortController();
  #pid: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    connection: Connection,
    { signal, asRoot, endMs }: { readonly signal: AbortSignal; readonly asRoot: boolean; readonly endMs: number },
  ) {
    this.#connection = connection;
    this.#asked = signal;
    this.#asRoot = asRoot;
    this.#endMs = endMs;
    signal.addEventListener('abort', this.#onAsked, { once: true });
    if (signal.aborted) this.#controller.abort();
  }

  /** Aborted when there is no more waiting. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isAsked(): boolean {
    return this.#asked.aborted;
  }

  /** The process id comes from the host: it becomes part of a command line only if it is one. */
  canEnd(pid: string): void {
    if (/^\d{1,10}$/.test(pid)) this.#pid = pid;
    if (this.isAsked) this.#end();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#asked.removeEventListener('abort', this.#onAsked);
  }

  readonly #onAsked = (): void => {
    this.#timer = setTimeout(() => this.#controller.abort(), this.#endMs);
    this.#end();
  };

  /** Whether it worked is seen by the end of the command itself. */
  #end(): void {
    if (this.#pid === undefined) return; // it is being started: canEnd comes back to it
    const command = endCommand(this.#pid, this.#asRoot);
    this.#connection.exec(command, { what: 'ending the command', timeoutMs: this.#endMs }).catch(() => {});
  }
}

/** timeout(1) on the host should have spoken by now. */
function silent(host: string, timeoutSec: number, cause: DeadlineError): CommandTimeoutError {
  const seconds = timeoutSec + ANSWER_MS / 1000;
  return new CommandTimeoutError(
    `no answer after ${seconds} s, where the host should have ended the command after ${timeoutSec} s`,
    {
      host,
      detail: cause.detail,
      remedy: 'The host does not answer any more, or something that the command left behind keeps its output open.',
      cause,
    },
  );
}

function interrupted(host: string, result: ExecResult | undefined, what: string): HostResult {
  const error = new AbortedError(`the command ${result === undefined ? 'still runs' : 'was'} ${what}`, {
    host,
    remedy:
      result === undefined ? 'See what it does there before you run it again.' : 'What it had done by then is done.',
  });
  const { code = null, signal = null } = result ?? {};
  return { status: 'interrupted', code, signal, error: errorReport(error) };
}

function leftBehind(timeoutSec: number, ranMs: number): string {
  if (timeoutSec === 0) return 'on the host, and nothing ends it (--timeout 0)';
  return `on the host, which ends it in at most ${Math.max(1, Math.ceil(timeoutSec + 2 - ranMs / 1000))} s`;
}
