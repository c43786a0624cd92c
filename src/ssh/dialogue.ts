/** Talking with a running command line by line. */
import type { ClientChannel } from 'ssh2';
import { type CommandSession, RunningCommand } from './command.ts';
import { AbortedError, InputClosedError, OutputTooLargeError } from './errors.ts';
import { LineQueue, LineSplitter } from './lines.ts';
import type { Link } from './link.ts';
import type { Dialogue, ExecOptions, ExecResult } from './transport.ts';

/** Our host scripts answer in lines of at most some kB; one of 1 MiB is not one of theirs. */
const LINE_BYTES_MAX = 1024 * 1024;

/** Starts `command`; resolves when sshd has started it. `options.stdin`, if any, is written first and stdin stays open. */
export async function startDialogue(session: CommandSession, command: string, options: ExecOptions): Promise<Dialogue> {
  const { link } = session;
  const lines = new LineQueue();
  const splitter = new LineSplitter(LINE_BYTES_MAX);
  const { stdin, onStdout, ...rest } = options;
  const running: RunningCommand = new RunningCommand(session, command, {
    ...rest,
    onStdout: (chunk) => {
      try {
        lines.push(splitter.push(chunk));
      } catch {
        running.fail(lineTooLong(link, options));
      }
      return onStdout?.(chunk);
    },
  });
  const result = running.result.finally(() => {
    lines.push(splitter.end());
    lines.end();
  });
  result.catch(() => {});
  const dialogue = new ChannelDialogue(running, link, await running.opened, options.what, lines, result);
  // Not awaited: a command that ends without reading it says so by its result.
  if (stdin !== undefined) dialogue.write(stdin).catch(() => {});
  return dialogue;
}

class ChannelDialogue implements Dialogue {
  readonly lines: AsyncIterable<string>;
  readonly result: Promise<ExecResult>;
  readonly #running: RunningCommand;
  readonly #link: Link;
  readonly #channel: ClientChannel;
  readonly #what: string;

  constructor(
    running: RunningCommand,
    link: Link,
    channel: ClientChannel,
    what: string,
    lines: AsyncIterable<string>,
    result: Promise<ExecResult>,
  ) {
    this.#running = running;
    this.#link = link;
    this.#channel = channel;
    this.#what = what;
    this.lines = lines;
    this.result = result;
  }

  async write(data: string | Uint8Array): Promise<void> {
    if (this.#running.isOver) return this.#onEnded();
    // ssh2 forgets the callback of a write that the host no longer wants, so the end of the command ends the wait too.
    const written = new Promise<void>((resolve, reject) => {
      this.#channel.write(data, (error) => (error ? reject(this.#inputClosed(error)) : resolve()));
    });
    await Promise.race([written, this.result.then(() => this.#onEnded())]);
  }

  endInput(): void {
    this.#channel.end();
  }

  abort(): void {
    const error = new AbortedError(`${this.#what}: given up`, {
      host: this.#link.host,
      remedy: 'The command may still run on the host.',
    });
    this.#running.fail(error);
  }

  /** Says why nothing can be written: the command's own error if it has one. */
  async #onEnded(): Promise<never> {
    await this.result;
    throw this.#inputClosed();
  }

  #inputClosed(cause?: Error): InputClosedError {
    return new InputClosedError(`${this.#what}: the command ended before it read its input`, {
      host: this.#link.host,
      cause,
      remedy: 'Its exit code and its words on stderr say why.',
    });
  }
}

function lineTooLong(link: Link, options: ExecOptions): OutputTooLargeError {
  return new OutputTooLargeError(`${options.what}: a line of more than ${LINE_BYTES_MAX} bytes`, {
    host: link.host,
    remedy: 'This is not an answer of our script: see what the user’s shell prints at login on the host (~/.bashrc).',
  });
}
