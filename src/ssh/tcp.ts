/** TCP to an sshd, and the words for why there is none. */
import { connect, type Socket } from 'node:net';
import { deferred } from './deferred.ts';
import { HostUnreachableError, type UnreachableReason } from './errors.ts';

/** What errno says, in our words: reason, sentence, remedy. */
const FAILURES: Readonly<Record<string, readonly [UnreachableReason, string, string]>> = {
  ENOTFOUND: [
    'dns',
    'has no address (the name is not in DNS)',
    'Correct the name in the inventory, or add it to DNS or /etc/hosts.',
  ],
  EAI_AGAIN: [
    'dns',
    'could not be looked up (no DNS server answers)',
    'Give the address itself in the inventory: DNS may be what is broken.',
  ],
  ECONNREFUSED: [
    'refused',
    'refused the connection',
    'The host is up and no sshd listens there: correct the port, or see systemctl status sshd on its console.',
  ],
  EHOSTUNREACH: [
    'no-route',
    'cannot be reached (no route to the host)',
    'The host is down, or the route to its network is missing: ip route get with its address.',
  ],
  ENETUNREACH: [
    'no-route',
    'cannot be reached (no route to its network)',
    'Bring up the network of this machine: ip route get with its address.',
  ],
  ETIMEDOUT: ['timeout', 'does not answer', 'The host is down, or a firewall drops packets.'],
  ECONNRESET: [
    'closed',
    'closed the connection',
    'The host may be booting or shutting down, or sshd drops new connections (MaxStartups, PerSourcePenalties): try again.',
  ],
};

/** A socket that connects from now on. It is usable at once by who can wait; it never throws by itself. */
export interface TcpAttempt {
  readonly socket: Socket;
  readonly connected: Promise<void>;
}

/** Starts to connect; without Nagle, which costs 40 ms for each command after the first (docs/ssh.md). */
export function startTcp(address: string, port: number, host: string): TcpAttempt {
  const socket = connect({ host: address, port, noDelay: true });
  // Nothing is read before ssh2 listens (it resumes the socket), or an end that comes early would be heard by nobody.
  socket.pause();
  const { promise, resolve, reject } = deferred<void>();
  socket.once('connect', resolve);
  // Stays for the whole life of the socket: an 'error' that nobody hears ends the process.
  socket.on('error', (error: NodeJS.ErrnoException) => reject(tcpError(error, formatAddress(address, port), host)));
  socket.once('close', () => reject(tcpError(undefined, formatAddress(address, port), host)));
  return { socket, connected: promise };
}

/** The error for a connection that failed with `error` (none: it was closed) before anybody was logged in. */
export function tcpError(
  error: NodeJS.ErrnoException | undefined,
  where: string,
  host: string,
  detail: readonly string[] = [],
): HostUnreachableError {
  const code = error?.code ?? (error === undefined ? 'ECONNRESET' : '');
  const known = FAILURES[code];
  if (known === undefined) {
    return new HostUnreachableError(`no connection to ${where}: ${error?.message.slice(0, 300) ?? 'closed'}`, {
      host,
      reason: 'protocol',
      detail,
      cause: error,
      remedy: 'See whether an SSH server answers there: ssh -v to the same address and port.',
    });
  }
  const [reason, words, remedy] = known;
  return new HostUnreachableError(`${where} ${words}`, { host, reason, detail, cause: error, remedy });
}

/** `192.0.2.11:22`, `[2001:db8::1]:22`. */
export function formatAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
