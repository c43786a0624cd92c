/** TCP from the host's side (ssh -W): for jumps, and for services that only the host reaches. */
import type { Duplex } from 'node:stream';
import { DeadlineError, ForwardRefusedError } from './errors.ts';
import { formatSeconds, timerMs } from './patience.ts';
import type { Session } from './session.ts';
import { formatAddress } from './tcp.ts';

/**
 * A stream to `address:port` as the host sees it. It belongs to the caller, who destroys it.
 * @throws ForwardRefusedError if the host cannot or may not connect; DeadlineError; LinkLostError
 */
export function openForward(session: Session, address: string, port: number, timeoutMs: number): Promise<Duplex> {
  const { ssh, link } = session;
  const where = formatAddress(address, port);
  const lost = () => link.lost(`connecting to ${where} from there`);
  // node-ssh throws at once, and not in a promise, when it is no longer connected.
  if (!link.isUp || !ssh.isConnected()) return Promise.reject(lost());
  return new Promise((resolve, reject) => {
    let isOver = false;
    const finish = (act: () => void) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      unwatch();
      act();
    };
    const timer = setTimeout(() => finish(() => reject(tooLate(link.host, where, timeoutMs))), timerMs(timeoutMs));
    const unwatch = link.watch(() => finish(() => reject(lost())));
    ssh.forwardOut('127.0.0.1', 0, address, port).then(
      (stream) => {
        // The other side may vanish at any time; who reads the stream sees it end.
        stream.on('error', () => {});
        if (isOver) stream.destroy();
        else finish(() => resolve(stream));
      },
      (error: Error) => finish(() => reject(link.isUp ? refused(link.host, where, error) : lost())),
    );
  });
}

function tooLate(host: string, where: string, timeoutMs: number): DeadlineError {
  return new DeadlineError(`${host} did not connect to ${where} in ${formatSeconds(timeoutMs)}`, {
    host,
    remedy: `See whether ${where} answers on ${host} itself; a firewall may drop the packets.`,
  });
}

function refused(host: string, where: string, error: Error): ForwardRefusedError {
  return new ForwardRefusedError(`${host} could not connect to ${where}: ${error.message}`, {
    host,
    cause: error,
    remedy: `See whether something listens on ${where} there, and whether its sshd_config allows it (AllowTcpForwarding, PermitOpen).`,
  });
}
