/** One SSH session over a stream: key exchange, the host key judged, logged in. The only place that calls node-ssh's connect. */
import type { Duplex } from 'node:stream';
import type { Config, NodeSSH } from 'node-ssh';
import type { Client } from 'ssh2';
import { ALGORITHMS, hostKeyAlgorithms } from './algorithms.ts';
import { deferred } from './deferred.ts';
import { parseKeyBlob } from './host-key.ts';
import { hostKeyError } from './host-key-errors.ts';
import type { Identities } from './identity.ts';
import { judgeHostKey, type KnownHosts, lookupKeys } from './known-hosts.ts';
import type { SshLibrary } from './library.ts';
import { Link } from './link.ts';
import { Login, type SessionError } from './login.ts';
import type { Hop } from './route.ts';
import { Slots } from './slots.ts';

/** How often a silent host is asked whether it is there, and how many answers it may owe. */
export interface Keepalive {
  readonly intervalMs: number;
  readonly countMax: number;
}

export interface SessionParts {
  readonly hop: Hop;
  /** Connected, or about to be: ssh2 waits. */
  readonly stream: Duplex;
  readonly library: SshLibrary;
  readonly known: KnownHosts;
  readonly identities: Identities;
  readonly keepalive: Keepalive;
  /** Called when a new step begins: `exchanging keys with …`. */
  readonly onStep: (step: string) => void;
}

/** A session that is logged in. */
export interface Session {
  readonly hop: Hop;
  readonly ssh: NodeSSH;
  readonly client: Client;
  readonly stream: Duplex;
  readonly link: Link;
  readonly slots: Slots;
}

/**
 * Runs key exchange and login over `stream`. There is no deadline here: the caller's ends it by destroying the stream.
 * @throws HostKeyUnknownError, HostKeyChangedError, HostKeyRevokedError, AuthRefusedError, HostUnreachableError
 */
export async function openSession(parts: SessionParts): Promise<Session> {
  const { hop, stream, library } = parts;
  const link = new Link(hop.name);
  const login = new Login(hop, parts.identities);
  const ready = deferred<void>();
  const fail = (error: SessionError | undefined): void => ready.reject(login.explain(error));
  if (stream.destroyed || stream.readableEnded) throw login.explain(undefined);
  const ssh = new library.NodeSSH();
  const connecting = ssh.connect(sessionConfig(parts, login));
  const client = ssh.connection;
  // node-ssh gives up at the first 'error' and stops listening when ready; ssh2 goes on after some ('agent'), and without a
  // listener a later one (ECONNRESET in a reboot) ends the process. So we listen for ourselves, for as long as the client lives.
  client?.on('error', (error: SessionError) => {
    if (error.level === 'agent') return login.note(error.message);
    fail(error);
    link.goDown(error.message, error);
    client.destroy();
  });
  const onGone = () => {
    fail(undefined);
    link.goDown('the host closed it');
  };
  // Over a jump there may be an 'end' and never a 'close': the jump keeps its half of the channel open.
  client?.on('end', onGone);
  client?.on('close', onGone);
  client?.on('banner', (text: string) => login.note(text));
  client?.on('handshake', () => parts.onStep(login.begin()));
  client?.on('ready', () => ready.resolve());
  connecting.catch((error: SessionError) => {
    if (error.level !== 'agent') fail(error);
  });
  await ready.promise;
  if (client === null) throw login.explain(undefined);
  return { hop, ssh, client, stream, link, slots: new Slots() };
}

function sessionConfig({ hop, stream, known, keepalive }: SessionParts, login: Login): Config {
  const knownKeys = lookupKeys(known, hop.lookup);
  return {
    sock: stream,
    username: hop.user,
    // Ours bounds all steps together, and the TCP connection too.
    readyTimeout: 0,
    keepaliveInterval: keepalive.intervalMs,
    keepaliveCountMax: keepalive.countMax,
    algorithms: { ...structuredClone(ALGORITHMS), serverHostKey: hostKeyAlgorithms(knownKeys) },
    authHandler: login.authHandler,
    hostVerifier: (blob: Buffer) => {
      const offered = parseKeyBlob(blob);
      if (offered === undefined) return false;
      const verdict = judgeHostKey(knownKeys, offered);
      if (verdict.kind === 'trusted') return true;
      const { name: host, isJump, address, port, knownHostsFiles: files } = hop;
      login.refuse(
        hostKeyError(verdict, {
          host,
          isJump,
          address,
          port,
          files,
          offered,
          known: knownKeys,
          malformed: known.malformed,
        }),
      );
      return false;
    },
  };
}
