/** A DNS server in this process, over UDP and TCP on one port, that answers as the test says. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { type Answer, decode, encode, type Packet, type Question } from 'dns-packet';

export interface Asked {
  readonly question: Question;
  readonly transport: 'udp' | 'tcp';
  /** Counts the questions of this transport from 1. */
  readonly number: number;
}

/** Undefined: no answer. `rcode` is the number in the header's last four bits. */
export type Reply =
  | {
      readonly answers?: readonly Answer[];
      readonly rcode?: number;
      readonly authoritative?: boolean;
      readonly cut?: boolean;
      readonly id?: number;
      readonly question?: Question;
    }
  | undefined;

export interface DnsServer {
  readonly port: number;
  /** TCP connections that were made. */
  connections(): number;
  close(): Promise<void>;
}

/** The port that TCP gets may be taken over UDP: then another one is tried. */
async function bindBoth(tcp: Server): Promise<{ readonly port: number; readonly udp: UdpSocket }> {
  for (let tries = 1; ; tries++) {
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const { port } = tcp.address() as { port: number };
    const udp = createSocket('udp4');
    try {
      await new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, '127.0.0.1', resolve));
      return { port, udp };
    } catch (error) {
      await new Promise((resolve) => tcp.close(resolve));
      if (tries === 20) throw error;
    }
  }
}

export async function startDnsServer(reply: (asked: Asked) => Reply): Promise<DnsServer> {
  const count = { udp: 0, tcp: 0 };
  const sockets = new Set<Socket>();
  let connections = 0;
  const answer = (message: Buffer, transport: 'udp' | 'tcp'): Buffer | undefined => {
    const query = decode(message);
    const question = query.questions?.[0] as Question;
    const said = reply({ question, transport, number: ++count[transport] });
    if (said === undefined) return undefined;
    const flags = (said.authoritative === false ? 0 : 0x400) | (said.cut === true ? 0x200 : 0) | (said.rcode ?? 0);
    const packet: Packet = {
      type: 'response',
      id: said.id ?? query.id ?? 0,
      flags,
      questions: [said.question ?? question],
      answers: [...(said.answers ?? [])],
    };
    return encode(packet);
  };
  const tcp = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const bytes = answer(received.subarray(2, 2 + received.readUInt16BE(0)), 'tcp');
        received = received.subarray(2 + received.readUInt16BE(0));
        if (bytes !== undefined)
          socket.write(Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]));
      }
    });
  });
  const { port, udp } = await bindBoth(tcp);
  udp.on('message', (message, from) => {
    const bytes = answer(message, 'udp');
    if (bytes !== undefined) udp.send(bytes, from.port, from.address);
  });
  return {
    port,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      udp.close();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}

export function soa(zone: string, serial: number): Answer {
  return {
    type: 'SOA',
    name: zone,
    ttl: 60,
    data: { mname: `ns1.${zone}`, rname: `h.${zone}`, serial, refresh: 1, retry: 1, expire: 1, minimum: 1 },
  };
}
