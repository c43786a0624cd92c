/** From a host of the inventory to a logged-in connection, over its jumps, under one deadline. */
import type { Duplex } from 'node:stream';
import type { SshTarget } from '../inventory/model.ts';
import { closeSession, SshConnection } from './connection.ts';
import { type SshEnvironment, sshEnvironment } from './environment.ts';
import { ForwardRefusedError, HostUnreachableError } from './errors.ts';
import { openForward } from './forward.ts';
import { type Identities, loadIdentities } from './identity.ts';
import type { KnownHosts } from './known-hosts.ts';
import { readKnownHosts } from './known-hosts-file.ts';
import { loadLibrary } from './library.ts';
import { Patience } from './patience.ts';
import { type Hop, type Route, resolveRoute } from './route.ts';
import { type Keepalive, openSession, type Session } from './session.ts';
import { formatAddress, startTcp, type TcpAttempt } from './tcp.ts';
import type { ConnectOptions, Transport } from './transport.ts';

export const CONNECT_TIMEOUT_MS_DEFAULT = 10_000;

/** A silent host is given up after (countMax + 1) × intervalMs = 20 s, as by ssh with the same figures. */
const KEEPALIVE_DEFAULT: Keepalive = { intervalMs: 5000, countMax: 3 };

export interface TransportOptions {
  /** Where ssh's own files and the agent are; default: as for the ssh command. */
  readonly environment?: Partial<SshEnvironment>;
  /** Default: every 5 s, 3 answers owed. */
  readonly keepalive?: Partial<Keepalive>;
}

/** What a host is to this folder. */
export interface SshHost {
  readonly name: string;
  readonly ssh: SshTarget;
}

/**
 * SSH connections by node-ssh: host keys checked, deadlines on everything, no error that nobody hears (docs/ssh.md).
 * `connect` rejects with HostUnreachableError, AuthRefusedError (exit 4), HostKey…Error, KeyFileError, KnownHostsFileError,
 * SshConfigError (exit 1) or AbortedError.
 */
export function createTransport(options: TransportOptions = {}): Transport {
  const environment = sshEnvironment(options.environment);
  const keepalive = { ...KEEPALIVE_DEFAULT, ...options.keepalive };
  return {
    async connect(host: SshHost, connectOptions: ConnectOptions = {}) {
      const route = await resolveRoute(host, environment);
      const sessions = await openRoute(route, { ...connectOptions, keepalive });
      return new SshConnection(sessions.target, sessions.jumps);
    },
  };
}

export interface OpenOptions extends ConnectOptions {
  readonly keepalive?: Keepalive;
  /** Replaces what is known of the target's host key, and its login: for looking at the key only. */
  readonly targetParts?: { readonly known: KnownHosts; readonly identities: Identities };
}

/** Opens all sessions of a route; on failure none stays open. */
export async function openRoute(
  route: Route,
  options: OpenOptions,
): Promise<{ readonly target: Session; readonly jumps: readonly Session[] }> {
  const timeoutMs = options.timeoutMs ?? route.timeoutMs ?? CONNECT_TIMEOUT_MS_DEFAULT;
  const patience = new Patience({ host: route.target.name, timeoutMs, signal: options.signal });
  const jumps: Session[] = [];
  try {
    for (const hop of route.jumps) jumps.push(await openHop(hop, jumps.at(-1), patience, timeoutMs, options));
    return { target: await openHop(route.target, jumps.at(-1), patience, timeoutMs, options), jumps };
  } catch (error) {
    for (const session of jumps.toReversed()) await closeSession(session);
    throw error;
  } finally {
    patience.end();
  }
}

async function openHop(
  hop: Hop,
  via: Session | undefined,
  patience: Patience,
  timeoutMs: number,
  options: OpenOptions,
): Promise<Session> {
  const where = formatAddress(hop.address, hop.port);
  patience.step = `connecting to ${where}`;
  // The network and sshd work while we load ssh2 and read the keys.
  const tcp = via === undefined ? startTcp(hop.address, hop.port, hop.name) : undefined;
  let stream: Duplex | undefined = tcp?.socket;
  try {
    const library = await patience.during(loadLibrary());
    const { known, identities } = (!hop.isJump && options.targetParts) || {
      known: await readKnownHosts(hop.knownHostsFiles),
      identities: await patience.during(loadIdentities(hop.identity, library, hop.name)),
    };
    stream = await patience.during(openStream(hop, tcp, via, timeoutMs));
    if (!hop.isJump) options.onLogin?.();
    const onStep = (step: string) => {
      patience.step = step;
    };
    onStep(`exchanging keys with ${where}`);
    const keepalive = options.keepalive ?? KEEPALIVE_DEFAULT;
    return await patience.during(openSession({ hop, stream, library, known, identities, keepalive, onStep }));
  } catch (error) {
    stream?.destroy();
    throw error;
  }
}

async function openStream(
  hop: Hop,
  tcp: TcpAttempt | undefined,
  via: Session | undefined,
  timeoutMs: number,
): Promise<Duplex> {
  if (tcp !== undefined) {
    await tcp.connected;
    return tcp.socket;
  }
  if (via === undefined) throw new Error('neither a socket nor a jump');
  try {
    return await openForward(via, hop.address, hop.port, timeoutMs);
  } catch (error) {
    if (!(error instanceof ForwardRefusedError)) throw error;
    // For the host behind the jump this is what a refused TCP connection is without one.
    throw new HostUnreachableError(error.message, {
      host: hop.name,
      reason: 'refused',
      remedy: error.remedy,
      cause: error,
    });
  }
}
