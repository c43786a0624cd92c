/** One DHCP exchange with one server, as a relay agent does it: any free port, answers matched to their question, every wait bounded. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { type DhcpClient, discover, release, request } from '../dhcp/messages.ts';
import { messageOf, refusalOf } from '../dhcp/options.ts';
import { type DhcpPacket, decodeDhcp, encodeDhcp, OP } from '../dhcp/packet.ts';

export interface DhcpServer {
  /** IPv4. */
  readonly address: string;
  readonly port: number;
  /** An address of the subnet in which the client is said to be. */
  readonly link: string;
}

/** The OFFER; of a whole exchange the ACK, whose lease was given back. */
export type DhcpOutcome = { readonly packet: DhcpPacket } | DhcpFailure;

export interface DhcpFailure {
  readonly failure: string;
  /** Nothing at all came back. */
  readonly silent: boolean;
}

/** Never throws: whatever happens is an outcome. `mac` names the client; the same one again is offered the same address. */
export async function exchangeDhcp(
  server: DhcpServer,
  options: { readonly mac: Buffer; readonly exchange: 'offer' | 'lease'; readonly timeoutMs: number },
): Promise<DhcpOutcome> {
  if (!isIPv4(server.address)) return { failure: `${server.address} is not an IPv4 address`, silent: false };
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    let isOver = false;
    const close = (outcome: DhcpOutcome): void => {
      if (isOver) return; // the listeners stay: an ICMP error that comes late must not end the process
      isOver = true;
      clearTimeout(timer);
      socket.close();
      resolve(outcome);
    };
    let answered = false;
    const timer = setTimeout(
      () => close({ failure: `no answer in ${options.timeoutMs / 1000} s`, silent: !answered }),
      options.timeoutMs,
    );
    socket.on('error', (error) => close(failureOf(error)));
    // Connected, so that the kernel chooses our address towards the server, and reports a closed port.
    socket.connect(server.port, server.address, (error?: Error | null) => {
      if (error) return close(failureOf(error));
      const relay = { address: socket.address().address, link: server.link };
      const client: DhcpClient = { mac: options.mac, xid: randomInt(2 ** 32), relay };
      socket.on('message', (bytes) => {
        const packet = decodeDhcp(bytes);
        if (packet === undefined || !isAnswerTo(client, packet)) return;
        answered = true;
        const step = stepAfter(client, packet, options.exchange);
        if ('send' in step) socket.send(encodeDhcp(step.send), () => step.end !== undefined && close(step.end));
        else close(step.end);
      });
      socket.send(encodeDhcp(discover(client)), (error) => error !== null && close(failureOf(error)));
    });
  });
}

type Step = { readonly send: DhcpPacket; readonly end?: DhcpOutcome } | { readonly end: DhcpOutcome };

function stepAfter(client: DhcpClient, packet: DhcpPacket, exchange: 'offer' | 'lease'): Step {
  switch (messageOf(packet)) {
    case 'offer':
      return exchange === 'offer' ? { end: { packet } } : { send: request(client, packet) };
    case 'ack':
      return { send: release(client, packet), end: { packet } };
    case 'nak':
      return { end: { failure: `refused: ${refusalOf(packet) || 'no reason given'}`, silent: false } };
    default:
      return { end: { failure: `a message of kind ${messageOf(packet) ?? 'unknown'}`, silent: false } };
  }
}

/** Transaction and hardware address are ours (RFC 2131 §4.4.1); the sender is the server, since the socket is connected. */
export function isAnswerTo(client: Pick<DhcpClient, 'xid' | 'mac'>, packet: DhcpPacket): boolean {
  return packet.op === OP.reply && packet.xid === client.xid && packet.chaddr.equals(client.mac);
}

/** Routers and our own kernel may say that there is no way: of the server that says nothing. */
function failureOf(error: NodeJS.ErrnoException): DhcpFailure {
  if (error.code === 'ECONNREFUSED') return { failure: 'nothing listens there (port unreachable)', silent: false };
  const isNoWay = ['EHOSTUNREACH', 'ENETUNREACH', 'EACCES', 'EPERM'].includes(error.code ?? '');
  return { failure: error.message, silent: isNoWay };
}
