/** A DHCPv4 message as bytes (RFC 2131 §2, options RFC 2132 and RFC 3396). Pure: what comes from the network is data, and may be anything. */
import { isIPv4 } from 'node:net';

/** BOOTREQUEST: what clients and relay agents send; BOOTREPLY: what servers send. */
export const OP = { request: 1, reply: 2 } as const;

export interface DhcpPacket {
  /** 1 or 2 (OP); others are handed on as they are. */
  readonly op: number;
  readonly hops: number;
  /** Transaction id: ties an answer to its question, 32 bits. */
  readonly xid: number;
  /** Seconds since the client began to ask. */
  readonly secs: number;
  /** The client cannot receive unicast yet: answers are to be broadcast. */
  readonly broadcast: boolean;
  /** The client's address, when it has one. */
  readonly ciaddr: string;
  /** The address that the server gives. */
  readonly yiaddr: string;
  /** Server of the next step of a boot. */
  readonly siaddr: string;
  /** The relay agent's address: the server answers there. */
  readonly giaddr: string;
  /** Hardware address, 6 bytes: Ethernet only. */
  readonly chaddr: Buffer;
  /** By code. Parts of one option are joined. */
  readonly options: ReadonlyMap<number, Buffer>;
}

const FIXED_BYTES = 236;
const COOKIE = 0x63825363;
/** Servers that still speak BOOTP drop shorter ones (RFC 1542 §2.1). */
const BYTES_MIN = 300;
const ETHERNET = 1;
const MAC_BYTES = 6;
const PAD = 0;
const END = 255;
const OVERLOAD = 52;
const FILE = { start: 108, end: 236, flag: 1 } as const;
const SNAME = { start: 44, end: 108, flag: 2 } as const;

export function encodeDhcp(packet: DhcpPacket): Buffer {
  const fixed = Buffer.alloc(FIXED_BYTES + 4);
  fixed.writeUInt8(packet.op, 0);
  fixed.writeUInt8(ETHERNET, 1);
  fixed.writeUInt8(MAC_BYTES, 2);
  fixed.writeUInt8(packet.hops, 3);
  fixed.writeUInt32BE(packet.xid, 4);
  fixed.writeUInt16BE(packet.secs, 8);
  fixed.writeUInt16BE(packet.broadcast ? 0x8000 : 0, 10);
  for (const [index, address] of [packet.ciaddr, packet.yiaddr, packet.siaddr, packet.giaddr].entries())
    addressBytes(address).copy(fixed, 12 + 4 * index);
  packet.chaddr.copy(fixed, 28, 0, MAC_BYTES);
  fixed.writeUInt32BE(COOKIE, FIXED_BYTES);
  const options = [...packet.options].flatMap(([code, value]) => encodeOption(code, value));
  const bytes = Buffer.concat([fixed, ...options, Buffer.from([END])]);
  return bytes.length >= BYTES_MIN ? bytes : Buffer.concat([bytes, Buffer.alloc(BYTES_MIN - bytes.length)]);
}

/** More than 255 bytes are split into several options of one code (RFC 3396 §5). */
function encodeOption(code: number, value: Buffer): Buffer[] {
  if (code <= PAD || code >= END) throw new RangeError(`there is no DHCP option ${code}`);
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < value.length; at += 255) {
    const part = value.subarray(at, at + 255);
    parts.push(Buffer.from([code, part.length]), part);
  }
  return parts;
}

/** undefined for what is no DHCPv4 message over Ethernet; an option that is cut off ends them, what came before counts. */
export function decodeDhcp(bytes: Buffer): DhcpPacket | undefined {
  if (bytes.length < FIXED_BYTES + 4 || bytes.readUInt32BE(FIXED_BYTES) !== COOKIE) return undefined;
  if (bytes.readUInt8(1) !== ETHERNET || bytes.readUInt8(2) !== MAC_BYTES) return undefined;
  const options = new Map<number, Buffer>();
  readOptions(bytes.subarray(FIXED_BYTES + 4), options);
  const overload = options.get(OVERLOAD)?.[0] ?? 0;
  // In this order (RFC 2131 §4.1).
  for (const { start, end, flag } of [FILE, SNAME])
    if ((overload & flag) !== 0) readOptions(bytes.subarray(start, end), options);
  return {
    op: bytes.readUInt8(0),
    hops: bytes.readUInt8(3),
    xid: bytes.readUInt32BE(4),
    secs: bytes.readUInt16BE(8),
    broadcast: (bytes.readUInt16BE(10) & 0x8000) !== 0,
    ciaddr: addressAt(bytes, 12),
    yiaddr: addressAt(bytes, 16),
    siaddr: addressAt(bytes, 20),
    giaddr: addressAt(bytes, 24),
    chaddr: Buffer.from(bytes.subarray(28, 28 + MAC_BYTES)),
    options,
  };
}

function readOptions(field: Buffer, options: Map<number, Buffer>): void {
  for (let at = 0; at < field.length; ) {
    const code = field.readUInt8(at);
    if (code === END) return;
    if (code === PAD) {
      at += 1;
      continue;
    }
    const length = at + 1 < field.length ? field.readUInt8(at + 1) : Number.POSITIVE_INFINITY;
    if (at + 2 + length > field.length) return;
    const value = Buffer.from(field.subarray(at + 2, at + 2 + length));
    options.set(code, Buffer.concat([options.get(code) ?? Buffer.alloc(0), value]));
    at += 2 + length;
  }
}

/** The four bytes of an IPv4 address. */
export function addressBytes(address: string): Buffer {
  if (!isIPv4(address)) throw new TypeError(`not an IPv4 address: ${address}`);
  return Buffer.from(address.split('.').map(Number));
}

/** The address in four bytes at `at`. */
export function addressAt(bytes: Buffer, at: number): string {
  return [...bytes.subarray(at, at + 4)].join('.');
}
