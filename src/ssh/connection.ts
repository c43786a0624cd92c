/** A connection to a host: commands, dialogues and streams over one session, and its end. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { RunningCommand } from './command.ts';
import { deferred } from './deferred.ts';
import { startDialogue } from './dialogue.ts';
import { openForward } from './forward.ts';
import type { Session } from './session.ts';
import type { Connection, Dialogue, ExecOptions, ExecResult } from './transport.ts';

/** How long a polite goodbye may take before the socket is torn down. */
const CLOSE_MS = 500;

export class SshConnection implements Connection {
  readonly host: string;
  readonly #session: Session;
  /** The sessions that carry this one (ProxyJump), in the order of connecting. */
  readonly #jumps: readonly Session[];
  #closing: Promise<void> | undefined;

  constructor(session: Session, jumps: readonly Session[]) {
    this.host = session.hop.name;
    this.#session = session;
    this.#jumps = jumps;
  }

  get isUp(): boolean {
    return this.#session.link.isUp;
  }

  async exec(command: string, options: ExecOptions): Promise<ExecResult> {
    const running = new RunningCommand(this.#session, command, options);
    // Its failure is the result's; `end` sends what the window allows and the rest as the command reads it.
    running.opened.then(
      (channel) => sendInput(options, channel, running),
      () => {},
    );
    return running.result;
  }

  start(command: string, options: ExecOptions): Promise<Dialogue> {
    return startDialogue(this.#session, command, options);
  }

  forward(address: string, port: number, timeoutMs: number): Promise<Duplex> {
    return openForward(this.#session, address, port, timeoutMs);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const session of [this.#session, ...this.#jumps.toReversed()]) await closeSession(session);
  }
}

function sendInput({ stdin, input }: ExecOptions, channel: ClientChannel, running: RunningCommand): void {
  if (input === undefined) {
    channel.end(stdin);
    return;
  }
  input.once('error', (error) => running.fail(error));
  input.pipe(channel);
}

/** Ends one session: what still runs over it fails, the host is told, the socket is gone afterwards. Never throws. */
export async function closeSession({ client, ssh, stream, link }: Session): Promise<void> {
  link.goDown('we closed it');
  const closed = deferred<void>();
  const timer = setTimeout(closed.resolve, CLOSE_MS);
  client.once('close', closed.resolve);
  ssh.dispose();
  // Do not wait for the host's goodbye: the socket goes as soon as ours is sent.
  if (stream instanceof Socket) stream.destroySoon();
  else stream.destroy();
  if (!stream.closed) await closed.promise;
  clearTimeout(timer);
  client.destroy();
  stream.destroy();
}
