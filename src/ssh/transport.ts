/** What the engine needs of a connection; src/ssh implements it over node-ssh, tests by a scripted host. */
import type { Readable } from 'node:stream';
import type { SshTarget } from '../inventory/model.ts';

export interface ExecOptions {
  /** Names the deadline in messages: `observing`, `applying`. */
  readonly what: string;
  /** From the call (opening the channel included) to the exit of the command. */
  readonly timeoutMs: number;
  /** Written to stdin, then stdin is closed. */
  readonly stdin?: string | Uint8Array;
  /** Instead of `stdin`, in `exec` only: goes at the command's pace; its error ends the command. */
  readonly input?: Readable;
  /** stdout and stderr together; over it the command is ended with an OutputTooLargeError. Default 16 MiB. */
  readonly maxOutputBytes?: number;
  /**
   * stdout and stderr as they arrive (raw bytes); what was handed over here is not collected in the result. While a promise
   * that it returned is pending, no more is read of that stream, and the host waits when the window (2 MiB) is full.
   */
  readonly onStdout?: OutputListener;
  readonly onStderr?: OutputListener;
  readonly signal?: AbortSignal;
}

/** What it returns counts only if it is a promise. */
export type OutputListener = (chunk: Buffer) => unknown;

/** A finished command. A lost connection or a missing exit status is an error (LinkLostError), never a result. */
export interface ExecResult {
  readonly code: number;
  /** The signal's name without SIG when the command was killed (then code is 128 + n). */
  readonly signal?: string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** A running command that we talk with line by line (the `ready`/`go` of an apply). */
export interface Dialogue {
  /** Writes to the command's stdin; resolves when the bytes were handed to the channel. */
  write(data: string | Uint8Array): Promise<void>;
  endInput(): void;
  /** Lines of stdout, without the newline; ends when the command ends or the link is lost. */
  readonly lines: AsyncIterable<string>;
  /** Exit of the command; rejects with LinkLostError, DeadlineError, … */
  readonly result: Promise<ExecResult>;
  /** Closes the channel without waiting. */
  abort(): void;
}

export interface Connection {
  readonly host: string;
  /** False once it is known to be lost. Undefined: nobody says. */
  readonly isUp?: boolean;
  exec(command: string, options: ExecOptions): Promise<ExecResult>;
  start(command: string, options: ExecOptions): Promise<Dialogue>;
  /** A TCP stream to address:port as the host reaches it (ssh -W). */
  forward(address: string, port: number, timeoutMs: number): Promise<import('node:stream').Duplex>;
  /** Ends the connection; never throws, never hangs. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** TCP connect, key exchange and authentication together. Default 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called when the host's port is open and the login begins: from here on sshd may count the attempt against us. */
  readonly onLogin?: () => void;
  /** A connection of this run that is open and idle will do (engine/kept-connections.ts). Default: a new one. */
  readonly reuse?: boolean;
}

export interface Transport {
  connect(host: { readonly name: string; readonly ssh: SshTarget }, options?: ConnectOptions): Promise<Connection>;
}
