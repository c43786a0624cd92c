import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discover, localMac, release, request } from '../../../src/dhcp/messages.ts';
import { addressesOf, leaseSecondsOf, messageOf, OPTION, refusalOf, serverOf } from '../../../src/dhcp/options.ts';
import { type DhcpPacket, decodeDhcp, encodeDhcp } from '../../../src/dhcp/packet.ts';

const address = fc.ipV4();
const packets = fc.record({
  op: fc.integer({ min: 0, max: 255 }),
  hops: fc.integer({ min: 0, max: 255 }),
  xid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  secs: fc.integer({ min: 0, max: 65_535 }),
  broadcast: fc.boolean(),
  ciaddr: address,
  yiaddr: address,
  siaddr: address,
  giaddr: address,
  chaddr: fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  options: fc
    .uniqueArray(
      fc.tuple(
        // 52 says where more options are: it is no content of its own.
        fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52),
        fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
      ),
      { selector: ([code]) => code },
    )
    .map((options) => new Map(options)),
});

describe('DHCP messages as bytes', () => {
  it('come back as they were, options longer than 255 bytes too', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        expect(decodeDhcp(encodeDhcp(packet))).toEqual(packet);
      }),
    );
  });

  it('are never shorter than old servers accept', () => {
    fc.assert(fc.property(packets, (packet) => encodeDhcp(packet).length >= 300));
  });

  it('are read from anything without a fault', () => {
    const sound = packets.map(encodeDhcp);
    const damaged = fc
      .tuple(sound, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat())
      .map(([bytes, at, value, length]) => {
        const copy = Buffer.from(bytes);
        copy.writeUInt8(value, at % copy.length);
        return copy.subarray(0, length % (copy.length + 1));
      });
    const anything = fc.oneof(
      damaged,
      fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        const packet = decodeDhcp(bytes);
        if (packet === undefined) return;
        messageOf(packet);
        serverOf(packet);
        leaseSecondsOf(packet);
        refusalOf(packet);
        for (const one of addressesOf(packet, OPTION.nameServers)) expect(one).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      }),
      { numRuns: 500 },
    );
  });

  it('keep the options before one that is cut off', () => {
    const bytes = Buffer.concat([fixedPart(), Buffer.from([53, 1, 2, 6, 8, 10, 0, 0, 1])]);
    const packet = decodeDhcp(bytes);
    expect(packet?.options).toEqual(new Map([[53, Buffer.from([2])]]));
  });

  it('have more options in the fields for file and server names when option 52 says so', () => {
    const bytes = Buffer.concat([fixedPart(), Buffer.from([52, 1, 3, 255])]);
    Buffer.from([53, 1, 5, 255]).copy(bytes, 108);
    Buffer.from([54, 4, 192, 0, 2, 11, 255]).copy(bytes, 44);
    const packet = decodeDhcp(bytes);
    expect(packet && messageOf(packet)).toBe('ack');
    expect(packet && serverOf(packet)).toBe('192.0.2.11');
  });

  it('of other hardware than Ethernet are none', () => {
    const bytes = Buffer.concat([fixedPart(), Buffer.from([53, 1, 2, 255])]);
    bytes.writeUInt8(6, 1);
    expect(decodeDhcp(bytes)).toBeUndefined();
  });
});

describe('messages of a client', () => {
  const mac = localMac([0xc0, 0x1f, 0x5a], 258);
  const relay = { address: '198.51.100.7', link: '192.0.2.11' };
  const offer: DhcpPacket = {
    ...discover({ mac, xid: 7 }),
    op: 2,
    yiaddr: '192.0.2.101',
    options: new Map([
      [OPTION.messageType, Buffer.from([2])],
      [OPTION.serverId, Buffer.from([192, 0, 2, 12])],
    ]),
  };

  it('has an address that no card has', () => {
    expect(mac.toString('hex')).toBe('02c01f5a0102');
    expect((mac[0] ?? 0) & 3).toBe(2); // locally administered, not multicast
  });

  it('is broadcast, and asks for a broadcast answer, without a relay agent', () => {
    const packet = discover({ mac, xid: 7 });
    expect(packet).toMatchObject({ op: 1, hops: 0, broadcast: true, giaddr: '0.0.0.0', xid: 7 });
    expect(packet.options.has(OPTION.relayAgent)).toBe(false);
  });

  it('names agent, link and source port through one, as Kea reads them', () => {
    const packet = discover({ mac, xid: 7, relay });
    expect(packet).toMatchObject({ hops: 1, broadcast: false, giaddr: '198.51.100.7' });
    // RFC 3527 link selection; RFC 8357 source port, with the two bytes that Kea wants.
    expect(packet.options.get(OPTION.relayAgent)?.toString('hex')).toBe('0504c000020b13020000');
    expect([...packet.options.keys()].at(-1)).toBe(OPTION.relayAgent);
  });

  it('takes what was offered by the one who offered it, and gives it back to him', () => {
    const taken = request({ mac, xid: 7, relay }, offer);
    expect(addressesOf(taken, OPTION.requestedAddress)).toEqual(['192.0.2.101']);
    expect(serverOf(taken)).toBe('192.0.2.12');
    expect(taken.ciaddr).toBe('0.0.0.0');
    const given = release({ mac, xid: 7, relay }, offer);
    expect(messageOf(given)).toBe('release');
    expect(given).toMatchObject({ ciaddr: '192.0.2.101' });
    expect(serverOf(given)).toBe('192.0.2.12');
  });
});

/** A reply without options: 236 bytes and the cookie. */
function fixedPart(): Buffer {
  const empty: DhcpPacket = { ...discover({ mac: Buffer.alloc(6), xid: 1 }), op: 2, options: new Map() };
  return Buffer.from(encodeDhcp(empty).subarray(0, 240));
}
