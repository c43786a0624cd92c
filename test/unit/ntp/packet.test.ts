import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clientRequest,
  decodePacket,
  encodePacket,
  isOwnClock,
  kissCode,
  type LeapIndicator,
  type NtpPacket,
} from '../../../src/ntp/packet.ts';

/** Answers of chronyd 4.6.1 in a lab host, as they came over the wire. */
const OWN_CLOCK = '240a00e600000000000000007f7f0101eeab2ff640701976bd09cd0bdf934c4eeeab2ffdc818c215eeab2ffdc81ddb3a';
const FOLLOWS_UPSTREAM =
  '240400e600000002000000090a4d0101eeab2fd5d35b7eb462ee9dee7c142ac4eeab2fff33f6dd37eeab2fff33fc5800';
const UNSYNCHRONISED =
  'e40000e600010000000100000000000000000000000000000ad5ab93f0daf969eeab30011829e1b5eeab3001182fa3f0';

const decoded = (hex: string): NtpPacket => {
  const packet = decodePacket(Buffer.from(hex, 'hex'));
  if (packet === undefined) throw new Error('no packet');
  return packet;
};

const seconds = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((fixed) => fixed / 2 ** 16);
const timestamp = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const anyPacket: fc.Arbitrary<NtpPacket> = fc.record({
  leap: fc.integer({ min: 0, max: 3 }).map((leap) => leap as LeapIndicator),
  version: fc.integer({ min: 0, max: 7 }),
  mode: fc.integer({ min: 0, max: 7 }),
  stratum: fc.integer({ min: 0, max: 255 }),
  poll: fc.integer({ min: -128, max: 127 }),
  precision: fc.integer({ min: -128, max: 127 }),
  rootDelaySec: seconds,
  rootDispersionSec: seconds,
  refId: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  reference: timestamp,
  origin: timestamp,
  receive: timestamp,
  transmit: timestamp,
});

describe('NTP packets', () => {
  it('come back from the wire as they were sent', () => {
    fc.assert(
      fc.property(anyPacket, (packet) => {
        expect(decodePacket(encodePacket(packet))).toEqual(packet);
      }),
    );
  });

  it('are written back to the very bytes that came', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 48, maxLength: 48 }), (bytes) => {
        const wire = Buffer.from(bytes);
        const packet = decodePacket(wire);
        expect(packet && encodePacket(packet)).toEqual(wire);
      }),
    );
  });

  it('may carry extension fields and a MAC behind the header, but no fewer than 48 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const packet = decodePacket(Buffer.from(bytes));
        expect(packet === undefined).toBe(bytes.length < 48);
      }),
    );
  });

  it('of a client ask in version 4 and tell nothing but the random transmit timestamp', () => {
    const wire = encodePacket(clientRequest(0x0123456789abcdefn));
    expect(wire.toString('hex')).toBe(`23${'00'.repeat(39)}0123456789abcdef`);
  });

  it('of chronyd on its own clock are told from those of one that follows a source', () => {
    expect(decoded(OWN_CLOCK)).toMatchObject({ leap: 0, mode: 4, stratum: 10, rootDelaySec: 0 });
    expect(isOwnClock(decoded(OWN_CLOCK))).toBe(true);
    expect(decoded(FOLLOWS_UPSTREAM)).toMatchObject({ leap: 0, mode: 4, stratum: 4, refId: 0x0a4d0101 });
    expect(isOwnClock(decoded(FOLLOWS_UPSTREAM))).toBe(false);
    expect(isOwnClock({ ...decoded(OWN_CLOCK), refId: 0x4c4f434c })).toBe(true); // LOCL
  });

  it('of an unsynchronised chronyd have stratum 0 and yet are no kiss-o’-death', () => {
    expect(decoded(UNSYNCHRONISED)).toMatchObject({ leap: 3, stratum: 0, refId: 0, rootDispersionSec: 1 });
    expect(kissCode(decoded(UNSYNCHRONISED))).toBeUndefined();
  });

  it('with stratum 0 and letters as reference are a kiss-o’-death; with another stratum they are not', () => {
    const rate = Buffer.from('RATE').readUInt32BE();
    expect(kissCode({ ...decoded(UNSYNCHRONISED), refId: rate })).toBe('RATE');
    expect(kissCode({ ...decoded(UNSYNCHRONISED), stratum: 1, refId: rate })).toBeUndefined();
    expect(kissCode({ ...decoded(UNSYNCHRONISED), refId: 0x1b5b324a })).toBeUndefined(); // ESC [ 2 J
  });
});
