/** An NTP server of the tests, in this process: real UDP on a free port of 127.0.0.1 (or ::1), answering as it is told. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { decodePacket, encodePacket, MODE, type NtpPacket } from '../../../src/ntp/packet.ts';
import { toNtpTimestamp } from '../../../src/ntp/timestamp.ts';

export interface Responder {
  readonly port: number;
  /** Requests that came, decoded. */
  readonly asked: readonly NtpPacket[];
  close(): Promise<void>;
}

/** Packets to send for a request, in order; none: silence. */
export type Behaviour = (request: NtpPacket) => readonly (NtpPacket | Buffer)[];

/** A sound answer of a stratum 2 server whose clock is `aheadMs` ahead of ours. */
export function soundReply(request: NtpPacket, aheadMs = 0): NtpPacket {
  const now = toNtpTimestamp(performance.timeOrigin + performance.now() + aheadMs);
  return {
    leap: 0,
    version: 4,
    mode: MODE.server,
    stratum: 2,
    poll: 6,
    precision: -20,
    rootDelaySec: 0.02,
    rootDispersionSec: 0.005,
    refId: 0xc000020a,
    reference: now,
    origin: request.transmit,
    receive: now,
    transmit: now,
  };
}

export async function startResponder(behaviour: Behaviour, address = '127.0.0.1'): Promise<Responder> {
  const socket: Socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const asked: NtpPacket[] = [];
  socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
    const request = decodePacket(bytes);
    if (request === undefined) throw new Error(`the probe sent ${bytes.length} bytes`);
    asked.push(request);
    for (const reply of behaviour(request))
      socket.send(Buffer.isBuffer(reply) ? reply : encodePacket(reply), from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, resolve);
  });
  const { port } = socket.address() as AddressInfo;
  return { port, asked, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}
