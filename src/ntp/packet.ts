/** The 48 bytes of an NTP packet (RFC 5905 §7.3). Pure. */
import type { NtpTimestamp } from './timestamp.ts';

export const NTP_PACKET_BYTES = 48;
/** Association modes (RFC 5905 §7.3, figure 10). */
export const MODE = { client: 3, server: 4 } as const;
/** Leap indicator: 1 and 2 announce a leap second at the end of the day, 3 is "clock not synchronised". */
export type LeapIndicator = 0 | 1 | 2 | 3;

export interface NtpPacket {
  readonly leap: LeapIndicator;
  /** 0 to 7; 4 is RFC 5905. */
  readonly version: number;
  /** 0 to 7. */
  readonly mode: number;
  /** 0: unspecified, or a kiss-o'-death; 1: a reference clock; 16: not synchronised. One byte. */
  readonly stratum: number;
  /** log2 s, signed byte. */
  readonly poll: number;
  /** log2 s, signed byte. */
  readonly precision: number;
  /** Whole path to the reference clock and back, s (16.16 fixed point). */
  readonly rootDelaySec: number;
  readonly rootDispersionSec: number;
  /** 32 bits: the address of the server's own source (IPv6: a hash of it), or four letters. */
  readonly refId: number;
  readonly reference: NtpTimestamp;
  readonly origin: NtpTimestamp;
  readonly receive: NtpTimestamp;
  readonly transmit: NtpTimestamp;
}

/**
 * A client's question. A server copies `transmit` into the `origin` of its answer and reads nothing else: random bits there
 * tie the answer to this question, and tell nobody our clock.
 */
export function clientRequest(transmit: NtpTimestamp): NtpPacket {
  return {
    leap: 0,
    version: 4,
    mode: MODE.client,
    stratum: 0,
    poll: 0,
    precision: 0,
    rootDelaySec: 0,
    rootDispersionSec: 0,
    refId: 0,
    reference: 0n,
    origin: 0n,
    receive: 0n,
    transmit,
  };
}

export function encodePacket(packet: NtpPacket): Buffer {
  const bytes = Buffer.alloc(NTP_PACKET_BYTES);
  bytes.writeUInt8((packet.leap << 6) | (packet.version << 3) | packet.mode, 0);
  bytes.writeUInt8(packet.stratum, 1);
  bytes.writeInt8(packet.poll, 2);
  bytes.writeInt8(packet.precision, 3);
  bytes.writeUInt32BE(Math.round(packet.rootDelaySec * 2 ** 16), 4);
  bytes.writeUInt32BE(Math.round(packet.rootDispersionSec * 2 ** 16), 8);
  bytes.writeUInt32BE(packet.refId, 12);
  bytes.writeBigUInt64BE(packet.reference, 16);
  bytes.writeBigUInt64BE(packet.origin, 24);
  bytes.writeBigUInt64BE(packet.receive, 32);
  bytes.writeBigUInt64BE(packet.transmit, 40);
  return bytes;
}

/** undefined when there are fewer than 48 bytes; extension fields and a MAC behind them are not looked at. */
export function decodePacket(bytes: Buffer): NtpPacket | undefined {
  if (bytes.length < NTP_PACKET_BYTES) return undefined;
  const first = bytes.readUInt8(0);
  return {
    leap: (first >> 6) as LeapIndicator, // two bits
    version: (first >> 3) & 7,
    mode: first & 7,
    stratum: bytes.readUInt8(1),
    poll: bytes.readInt8(2),
    precision: bytes.readInt8(3),
    rootDelaySec: bytes.readUInt32BE(4) / 2 ** 16,
    rootDispersionSec: bytes.readUInt32BE(8) / 2 ** 16,
    refId: bytes.readUInt32BE(12),
    reference: bytes.readBigUInt64BE(16),
    origin: bytes.readBigUInt64BE(24),
    receive: bytes.readBigUInt64BE(32),
    transmit: bytes.readBigUInt64BE(40),
  };
}

/** The four letters of a kiss-o'-death (`RATE`, `DENY`, `RSTR`, …; RFC 5905 §7.4); undefined when it is none. */
export function kissCode(packet: NtpPacket): string | undefined {
  if (packet.stratum !== 0) return undefined;
  const letters = refIdLetters(packet.refId);
  return /^[A-Z0-9]{3,4}$/.test(letters) ? letters : undefined;
}

/** The server's reference is its own undisciplined clock: chronyd says 127.127.1.1 (its `local`), ntpd of old LOCL. */
export function isOwnClock(packet: NtpPacket): boolean {
  return packet.refId === 0x7f7f0101 || refIdLetters(packet.refId) === 'LOCL';
}

function refIdLetters(refId: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(refId);
  return bytes.toString('latin1').replace(/\0+$/, '');
}
