/** What a query loop sends to each service, and which answers count. Pure but for random numbers. */
import { randomBytes, randomInt } from 'node:crypto';
import { encode } from 'dns-packet';
import { discover, localMac } from '../dhcp/messages.ts';
import { messageOf } from '../dhcp/options.ts';
import { decodeDhcp, encodeDhcp, OP } from '../dhcp/packet.ts';
import { clientRequest, decodePacket, encodePacket, MODE } from '../ntp/packet.ts';

interface Target {
  /** The member's name in the figures. */
  readonly name: string;
  readonly server: string;
  readonly port: number;
}

export interface DnsTarget extends Target {
  readonly service: 'dns';
  /** Zones that it serves: asked in turn. */
  readonly zones: readonly string[];
}

export interface NtpTarget extends Target {
  readonly service: 'ntp';
}

export interface DhcpTarget extends Target {
  readonly service: 'dhcp';
  /** An address of the subnet in which the client is said to be. */
  readonly link: string;
}

/** Data only: it goes as JSON to a client that is a process of its own. */
export type QueryTarget = DnsTarget | NtpTarget | DhcpTarget;
export type LoopService = QueryTarget['service'];

export interface Query {
  /** Ties the answer to it. */
  readonly key: string;
  readonly bytes: Buffer;
  /** The same once more, `sec` after the first; undefined: clients of this service ask another server instead, or do without. */
  readonly again?: (sec: number) => Buffer;
}

/** `number`: of this target, from 0. `source`: our own address towards the server. */
export function queryOf(target: QueryTarget, number: number, source: string): Query {
  switch (target.service) {
    case 'dns': {
      const id = randomInt(0x10000);
      const name = target.zones[number % target.zones.length] ?? '.';
      const questions = [{ name, type: 'SOA', class: 'IN' } as const];
      return { key: String(id), bytes: encode({ type: 'query', id, flags: 0, questions }) };
    }
    case 'ntp': {
      const origin = randomBytes(8).readBigUInt64BE();
      return { key: String(origin), bytes: encodePacket(clientRequest(origin)) };
    }
    case 'dhcp': {
      const xid = randomInt(2 ** 32);
      const packet = discover({ mac: LOOP_MAC, xid, relay: { address: source, link: target.link } });
      return { key: String(xid), bytes: encodeDhcp(packet), again: (secs) => encodeDhcp({ ...packet, secs }) };
    }
  }
}

/** Another client than that of the probe, which may ask at the same moment. */
const LOOP_MAC = localMac([0xc0, 0x1f, 0x5a], 2);

/** To which query it is an answer, and whether it is a good one; undefined: no answer at all. */
export function answerOf(
  service: LoopService,
  bytes: Buffer,
): { readonly key: string; readonly isGood: boolean } | undefined {
  switch (service) {
    case 'dns': {
      if (bytes.length < 12) return undefined;
      // NOERROR with authority (AA), RFC 1035 §4.1.1: a server that says SERVFAIL does not serve.
      const flags = bytes.readUInt16BE(2);
      return { key: String(bytes.readUInt16BE(0)), isGood: (flags & 0x000f) === 0 && (flags & 0x0400) !== 0 };
    }
    case 'ntp': {
      const reply = decodePacket(bytes);
      if (reply === undefined || reply.mode !== MODE.server) return undefined;
      // A server that knows no time says so (leap 3, stratum 0 or 16): clients leave it.
      return { key: String(reply.origin), isGood: reply.leap !== 3 && reply.stratum > 0 && reply.stratum < 16 };
    }
    case 'dhcp': {
      const packet = decodeDhcp(bytes);
      if (packet === undefined || packet.op !== OP.reply) return undefined;
      return { key: String(packet.xid), isGood: messageOf(packet) === 'offer' };
    }
  }
}
