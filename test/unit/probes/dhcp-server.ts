/** A DHCP server for tests: answers on a free port of this machine as `answer` says. */
import { createSocket } from 'node:dgram';
import { MESSAGE, type MessageName, messageOf, OPTION } from '../../../src/dhcp/options.ts';
import { type DhcpPacket, decodeDhcp, encodeDhcp, OP } from '../../../src/dhcp/packet.ts';

export interface DhcpServer {
  readonly port: number;
  /** What it was told, in order. */
  readonly heard: readonly (MessageName | undefined)[];
  /** The same, whole. */
  readonly questions: readonly DhcpPacket[];
  close(): Promise<void>;
}

export async function startDhcpServer(
  answer: (question: DhcpPacket, number: number) => DhcpPacket | undefined,
): Promise<DhcpServer> {
  const socket = createSocket('udp4');
  const heard: (MessageName | undefined)[] = [];
  const questions: DhcpPacket[] = [];
  socket.on('message', (bytes, from) => {
    const question = decodeDhcp(bytes);
    if (question === undefined) throw new Error('no DHCP message');
    heard.push(messageOf(question));
    questions.push(question);
    const reply = answer(question, heard.length - 1);
    if (reply !== undefined) socket.send(encodeDhcp(reply), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    heard,
    questions,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** What a sound server answers. */
export function soundAnswer(question: DhcpPacket): DhcpPacket | undefined {
  const kind = messageOf(question);
  if (kind === 'discover') return replyTo(question, 'offer');
  return kind === 'request' ? replyTo(question, 'ack') : undefined;
}

export function replyTo(question: DhcpPacket, kind: MessageName, change: Partial<DhcpPacket> = {}): DhcpPacket {
  return {
    ...question,
    op: OP.reply,
    yiaddr: kind === 'nak' ? '0.0.0.0' : '192.0.2.101',
    options: new Map([
      [OPTION.messageType, Buffer.from([MESSAGE[kind]])],
      [OPTION.serverId, Buffer.from([192, 0, 2, 11])],
      [OPTION.nameServers, Buffer.from([192, 0, 2, 11, 192, 0, 2, 12])],
      ...(kind === 'nak' ? [[OPTION.message, Buffer.from('wrong network')] as const] : []),
    ]),
    ...change,
  };
}
