import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv6, parseIpv4, parseIpv6, reverseName } from '../../../src/dns/addresses.ts';

describe('addresses', () => {
  it('of IPv4 are what Node takes for them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.stringMatching(/^[0-9.]{1,16}$/)), (text) => {
        expect(parseIpv4(text) !== undefined).toBe(isIPv4(text));
      }),
    );
  });

  it('of IPv6 are what Node takes for them, without a zone', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{1,24}$/)), (text) => {
        expect(parseIpv6(text) !== undefined).toBe(isIPv6(text));
      }),
    );
    expect(parseIpv6('fe80::1%eth0')).toBeUndefined();
  });

  it('of IPv6 survive printing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
        expect(parseIpv6(formatIpv6(octets))).toEqual([...octets]);
      }),
    );
  });

  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::FFFF:192.0.2.1', '::ffff:192.0.2.1'],
  ])('%s is printed as %s (RFC 5952)', (text, canonical) => {
    expect(formatIpv6(parseIpv6(text) ?? [])).toBe(canonical);
  });

  it('have names for the way back', () => {
    expect(reverseName([192, 0, 2, 11])).toBe('11.2.0.192.in-addr.arpa.');
    expect(reverseName(parseIpv6('2001:db8::567:89ab') ?? [])).toBe(
      'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.',
    );
  });
});
