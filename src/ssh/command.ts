/** One command on a host: its channel, its deadline, its output, and the one way in which it ends. */
import type { Readable } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { deferred } from './deferred.ts';
import { AbortedError, ChannelRefusedError, DeadlineError, OutputTooLargeError } from './errors.ts';
import type { Link } from './link.ts';
import { formatSeconds, timerMs } from './patience.ts';
import { signalExitCode } from './signals.ts';
import type { Slots } from './slots.ts';
import type { ExecOptions, ExecResult, OutputListener } from './transport.ts';

export const OUTPUT_BYTES_MAX_DEFAULT = 16 * 1024 * 1024;

/** What of a session a command needs. */
export interface CommandSession {
  readonly client: Client;
  readonly link: Link;
  readonly slots: Slots;
}

/** A command from the call to its end. It ends once: with a result, or with the first error. */
export class RunningCommand {
  readonly #link: Link;
  readonly #options: ExecOptions;
  readonly #opened = deferred<ClientChannel>();
  readonly #result = deferred<ExecResult>();
  readonly #out: Buffer[] = [];
  readonly #err: Buffer[] = [];
  readonly #release: (() => void)[] = [];
  #bytes = 0;
  #channel: ClientChannel | undefined;
  #exit: { readonly code: number | null; readonly signal: string | undefined } | undefined;
  #isStarted = false;
  #isOver = false;

  constructor({ client, link, slots }: CommandSession, command: string, options: ExecOptions) {
    this.#link = link;
    this.#options = options;
    const slot = slots.take();
    this.#release.push(() => slot.release());
    this.#watch(options);
    void slot.granted.then(() => this.#start(client, command));
  }

  #start(client: Client, command: string): void {
    if (this.#isOver) return;
    this.#isStarted = true;
    try {
      client.exec(command, (error, channel) => this.#onChannel(error, channel));
    } catch (error) {
      // ssh2 throws at once if the socket is closed already.
      this.#link.goDown('the socket is closed', error as Error);
      this.fail(this.#link.lost(`starting ${this.#options.what}`));
    }
  }

  /** The channel, once sshd has started the command. */
  get opened(): Promise<ClientChannel> {
    return this.#opened.promise;
  }

  get result(): Promise<ExecResult> {
    return this.#result.promise;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends it with `error`, unless it has ended: nobody waits for the host any more, and what it still says is dropped. */
  fail(error: Error): void {
    if (!this.#finish()) return;
    this.#channel?.close();
    this.#opened.reject(error);
    this.#result.reject(error);
  }

  #watch({ what, timeoutMs, signal }: ExecOptions): void {
    const timer = setTimeout(() => this.fail(this.#deadline()), timerMs(timeoutMs));
    this.#release.push(() => clearTimeout(timer));
    this.#release.push(this.#link.watch(() => this.fail(this.#link.lost(what))));
    if (!this.#link.isUp) this.fail(this.#link.lost(what));
    if (signal === undefined) return;
    const onAbort = () => this.fail(this.#aborted(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    this.#release.push(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  }

  #onChannel(error: Error | undefined, channel: ClientChannel): void {
    if (this.#isOver) {
      // It came after the deadline: close it, or sshd keeps the command for the life of the connection.
      if (!error) abandon(channel);
    } else if (error) {
      this.fail(this.#link.isUp ? this.#refused(error) : this.#link.lost(this.#options.what));
    } else {
      this.#channel = channel;
      this.#listen(channel);
      this.#opened.resolve(channel);
    }
  }

  #listen(channel: ClientChannel): void {
    const { onStdout, onStderr } = this.#options;
    channel.on('data', (chunk: Buffer) => this.#take(chunk, this.#out, channel, onStdout));
    channel.stderr.on('data', (chunk: Buffer) => this.#take(chunk, this.#err, channel.stderr, onStderr));
    channel.on('exit', (code: number | null, signal?: string) => {
      this.#exit = { code, signal };
    });
    // Writing to a command that is gone is no accident: its exit status says what happened.
    channel.on('error', () => {});
    channel.stderr.on('error', () => {});
    // stderr may have bytes left when the channel closes; both have to be done.
    let open = 2;
    const onClose = () => {
      open -= 1;
      if (open === 0) this.#onEnd();
    };
    channel.once('close', onClose);
    channel.stderr.once('close', onClose);
  }

  #take(chunk: Buffer, kept: Buffer[], from: Readable, listener: OutputListener | undefined): void {
    if (this.#isOver) return;
    this.#bytes += chunk.length;
    const max = this.#options.maxOutputBytes ?? OUTPUT_BYTES_MAX_DEFAULT;
    if (this.#bytes > max) this.fail(this.#tooLarge(max));
    else if (listener === undefined) kept.push(chunk);
    else this.#tell(listener, chunk, from);
  }

  /** A listener that throws must not throw into ssh2's parser, which would take it for a broken connection. */
  #tell(listener: OutputListener, chunk: Buffer, from: Readable): void {
    const fail = (error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error)));
    try {
      const taken = listener(chunk);
      if (!(taken instanceof Promise)) return;
      from.pause();
      taken.then(() => from.resume(), fail);
    } catch (error) {
      fail(error);
    }
  }

  #onEnd(): void {
    const code = this.#exit?.code ?? null;
    const signal = this.#exit?.signal?.replace(/^SIG/, '');
    // No status: the link is gone, or sshd lost the process. Never a success (node-ssh gives `code: null` here).
    if (code === null && signal === undefined) this.fail(this.#link.lost(this.#options.what));
    if (!this.#finish()) return;
    const output = { stdout: Buffer.concat(this.#out), stderr: Buffer.concat(this.#err) };
    this.#result.resolve(
      signal === undefined ? { code: code ?? 0, ...output } : { code: signalExitCode(signal), signal, ...output },
    );
  }

  /** Whether this call is the one that ends it. */
  #finish(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    for (const release of this.#release) release();
    return true;
  }

  #deadline(): DeadlineError {
    const { what, timeoutMs } = this.#options;
    const isOpen = this.#channel !== undefined;
    return new DeadlineError(`${what}: ${this.#progress()} after ${formatSeconds(timeoutMs)}`, {
      host: this.#link.host,
      detail: this.#lastWords(),
      remedy: isOpen
        ? 'The command may still run on the host. See what it waits for there, or allow it more time.'
        : 'The host is overloaded or hangs: see its load and its console, then run it again.',
    });
  }

  #progress(): string {
    if (this.#channel !== undefined) return 'not done';
    return this.#isStarted ? 'sshd opened no channel' : 'still behind other commands on this connection';
  }

  /** The end of what it said on stderr is often the reason why it takes so long. */
  #lastWords(): string[] {
    const text = Buffer.concat(this.#err).subarray(-400).toString('utf8').trim();
    return text === '' ? [] : text.split('\n').slice(-3);
  }

  #refused(error: Error): ChannelRefusedError {
    return new ChannelRefusedError(`${this.#options.what}: sshd refused to start the command: ${error.message}`, {
      host: this.#link.host,
      cause: error,
      remedy: 'Look for MaxSessions, ForceCommand or a restricted key in its sshd_config and authorized_keys.',
    });
  }

  #tooLarge(max: number): OutputTooLargeError {
    return new OutputTooLargeError(`${this.#options.what}: more than ${max} bytes of output`, {
      host: this.#link.host,
      detail: this.#lastWords(),
      remedy: 'The command says far more than is expected of it. Run it on the host and see what it prints.',
    });
  }

  #aborted(signal: AbortSignal): AbortedError {
    return new AbortedError(`${this.#options.what}: interrupted`, {
      host: this.#link.host,
      cause: signal.reason,
      remedy: 'The command may still run on the host; run it again to see.',
    });
  }
}

function abandon(channel: ClientChannel): void {
  channel.on('error', () => {});
  channel.stderr.on('error', () => {});
  channel.resume();
  channel.stderr.resume();
  channel.close();
}
