import { describe, expect, it } from 'vitest';
import { ReverseZoneError } from '../../../src/dns/errors.ts';
import { renderZone } from '../../../src/dns/render.ts';
import { reverseApex, reverseZones } from '../../../src/dns/reverse.ts';
import { parseLines, zoneOf } from './zones.ts';

describe('reverse zones', () => {
  it('have a PTR record for each name of each address in the range, and the servers of its zone', () => {
    const { zones } = reverseZones(
      [zoneOf(['www A 192.0.2.80', 'shop 60 A 192.0.2.80', 'far A 198.51.100.1', '*.wild A 192.0.2.9'])],
      ['192.0.2.0/24'],
    );
    const [zone] = zones;
    expect(
      zone &&
        renderZone(zone, 7)
          .split('\n')
          .filter((line) => !line.startsWith(';')),
    ).toEqual([
      '2.0.192.in-addr.arpa. 3600 IN SOA ns1.example.com. hostmaster.example.com. 7 7200 900 1209600 300',
      '2.0.192.in-addr.arpa. 3600 IN NS ns1.example.com.',
      '11.2.0.192.in-addr.arpa. 3600 IN PTR ns1.example.com.',
      '80.2.0.192.in-addr.arpa. 60 IN PTR www.example.com.',
      '80.2.0.192.in-addr.arpa. 60 IN PTR shop.example.com.',
      '',
    ]);
  });

  it('cover IPv6 on nibbles', () => {
    const { zones } = reverseZones([zoneOf(['a AAAA 2001:db8:1::5'])], ['2001:db8::/32']);
    expect(zones[0]?.name).toBe('8.b.d.0.1.0.0.2.ip6.arpa');
    expect(zones[0]?.records.at(-1)).toMatchObject({ type: 'PTR', data: 'a.example.com.' });
  });

  it('are not made for a range without addresses', () => {
    expect(reverseZones([zoneOf([])], ['198.51.100.0/24'])).toEqual({ zones: [], empty: ['198.51.100.0/24'] });
  });

  it('leave to a zone file what it is for', () => {
    const file = parseLines(['@ NS ns1.example.com.', '11 PTR other.example.com.'], '2.0.192.in-addr.arpa').zone;
    if (file === undefined) throw new Error('refused');
    expect(() => reverseZones([zoneOf([]), file], ['192.0.2.0/24'])).toThrow(
      /is written in inventory.zones.db\.2\.0\.192\.in-addr\.arpa and generated/,
    );
    const { zones } = reverseZones([zoneOf(['a A 192.0.3.1']), file], ['192.0.0.0/16']);
    expect(zones[0]?.records.filter(({ type }) => type === 'PTR').map(({ owner }) => owner)).toEqual([
      '1.3.0.192.in-addr.arpa.',
    ]);
  });

  it.each([
    ['192.0.2.0/24', '2.0.192.in-addr.arpa.'],
    ['10.0.0.0/8', '10.in-addr.arpa.'],
    ['2001:db8::/32', '8.b.d.0.1.0.0.2.ip6.arpa.'],
    ['2.0.192.in-addr.arpa', '2.0.192.in-addr.arpa.'],
  ])('of %s are called %s', (range, apex) => {
    expect(reverseApex(range)).toBe(apex);
  });

  it.each(['192.0.2.0/25', '192.0.2.11/24', '192.0.2.0', '2001:db8::/33', '0.0.0.0/0', 'x'])(
    'of %s are refused',
    (range) => {
      expect(() => reverseApex(range)).toThrow(ReverseZoneError);
    },
  );

  it('that overlap are refused', () => {
    expect(() => reverseZones([zoneOf([])], ['192.0.2.0/24', '192.0.0.0/16'])).toThrow('overlap');
    expect(() => reverseZones([zoneOf([])], ['192.0.2.0/24', '192.0.2.0/24'])).toThrow('overlap');
  });
});
