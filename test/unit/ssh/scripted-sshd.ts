/** An SSH server in this process whose every step a test can script: what a real sshd does only on a bad day. */
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';

const { Server, utils } = ssh2;

export interface KeyPair {
  readonly private: string;
  /** `ssh-ed25519 AAAA…` without a comment. */
  readonly public: string;
}

export function newKeyPair(type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519', passphrase?: string): KeyPair {
  const locked = passphrase === undefined ? {} : { passphrase, cipher: 'aes256-ctr', rounds: 1 };
  const generate = (): KeyPair => {
    if (type === 'rsa') return utils.generateKeyPairSync('rsa', { bits: 2048, ...locked });
    if (type === 'ecdsa') return utils.generateKeyPairSync('ecdsa', { bits: 256, ...locked });
    return utils.generateKeyPairSync('ed25519', locked as object);
  };
  let pair = generate();
  // One in 256 of ssh2 1.17's own ed25519 keys cannot be read by ssh2 (those of ssh-keygen can).
  while (utils.parseKey(pair.private, passphrase) instanceof Error) pair = generate();
  return { private: pair.private, public: pair.public.split(' ').slice(0, 2).join(' ') };
}

export interface Script {
  readonly hostKeys?: readonly KeyPair[];
  /** Public keys that may log in; default: the client key of the sandbox. */
  readonly accept?: (key: { type: string; blob: Buffer }, attempt: number) => boolean;
  readonly banner?: string;
  readonly greeting?: string;
  /** What runs for a command. Default: ends with 0. */
  readonly onExec?: (channel: ServerChannel, command: string, client: Connection) => void;
  /** Never answers a request for a channel. */
  readonly isDeafToChannels?: boolean;
  /** Refuses each command. */
  readonly refusesExec?: boolean;
  readonly onForward?: (port: number, open: () => ServerChannel, refuse: () => void) => void;
  /** Called once the key was accepted, instead of letting the client in. */
  readonly onLogin?: (socket: Socket) => void;
}

export interface ScriptedSshd {
  readonly port: number;
  readonly hostKeys: readonly KeyPair[];
  /** All connections so far, the newest last. */
  readonly sockets: Socket[];
  readonly clients: Connection[];
  /** Calls `listener` for each connection from now on. */
  onClient(listener: (client: Connection) => void): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startSshd(script: Script, clientKey?: KeyPair): Promise<ScriptedSshd> {
  const hostKeys = script.hostKeys ?? [newKeyPair()];
  const sockets: Socket[] = [];
  const clients: Connection[] = [];
  const server = new Server({
    hostKeys: hostKeys.map((key) => key.private),
    ...(script.banner === undefined ? {} : { banner: script.banner }),
    ...(script.greeting === undefined ? {} : { greeting: script.greeting }),
  });
  server.on('connection', (client) => {
    clients.push(client);
    serve(client, script, clientKey, () => sockets.at(-1));
  });
  const net = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    // As sshd does; Nagle on its side would cost 40 ms a command.
    socket.setNoDelay(true);
    server.injectSocket(socket);
  });
  const port = await listen(net);
  const onClient = (listener: (client: Connection) => void) => void server.on('connection', listener);
  return { port, hostKeys, sockets, clients, onClient, close: () => stop(net, sockets) };
}

function serve(
  client: Connection,
  script: Script,
  clientKey: KeyPair | undefined,
  socket: () => Socket | undefined,
): void {
  let attempts = 0;
  client.on('error', () => {});
  client.on('authentication', (context) => {
    if (context.method !== 'publickey') return context.reject(['publickey']);
    const isProbe = context.signature === undefined;
    if (isProbe) attempts += 1;
    const offered = { type: context.key.algo, blob: context.key.data };
    const isGood =
      script.accept?.(offered, attempts) ?? clientKey?.public.split(' ')[1] === offered.blob.toString('base64');
    if (!isGood) return context.reject(['publickey']);
    const at = socket();
    if (!isProbe && script.onLogin !== undefined && at !== undefined) return script.onLogin(at);
    context.accept();
  });
  client.on('session', (accept) => {
    if (script.isDeafToChannels) return;
    const session = accept();
    session.on('exec', (acceptExec, rejectExec, { command }) => {
      if (script.refusesExec) return rejectExec();
      const channel = acceptExec();
      channel.on('error', () => {});
      if (script.onExec !== undefined) return script.onExec(channel, command, client);
      endWith(channel, 0);
    });
  });
  client.on('tcpip', (accept, reject, info) => {
    if (script.onForward === undefined) return reject();
    script.onForward(info.destPort, accept, reject);
  });
}

/** Exit status, then the end of the channel, as sshd sends them. */
export function endWith(channel: ServerChannel, status: number): void {
  channel.exit(status);
  channel.end();
}

/** A TCP server that does only what `onSocket` does. */
export async function startTcpServer(
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  return { port: await listen(server), close: () => stop(server, sockets) };
}

function listen(server: NetServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

function stop(server: NetServer, sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}
