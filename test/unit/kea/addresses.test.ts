/** Ranges of addresses: parsing, and overlaps found the quick way as the slow way finds them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AddressRange,
  contains,
  formatAddress,
  formatRange,
  overlappingPairs,
  overlaps,
  parseAddress,
  parseNetwork,
  parseRange,
} from '../../../src/kea/addresses.ts';

describe('addresses', () => {
  it.each(['192.0.2.1', '0.0.0.0', '255.255.255.255', '2001:db8::1', '::'])('reads %s', (text) => {
    const parsed = parseAddress(text);
    expect(parsed && formatAddress(parsed.family, parsed.value)).toBe(text);
  });

  it.each(['192.0.2', '192.0.2.256', '192.0.2.01', '0x7f.1', '::1%eth0', '2001:db8:::1', '', 'ns1', '192.0.2.1\n'])(
    'refuses %j',
    (text) => {
      expect(parseAddress(text)).toBeUndefined();
    },
  );

  it.each(['192.0.2.1/24', '192.0.2.0/33', '192.0.2.0/', '2001:db8::/129', '192.0.2.0'])(
    'refuses the network %s',
    (text) => {
      expect(parseNetwork(text)).toBeUndefined();
    },
  );

  it.each(['192.0.2.9-192.0.2.1', '192.0.2.1-2001:db8::1', '192.0.2.1-', '192.0.2.1', '1-2-3'])(
    'refuses the range %s',
    (text) => {
      expect(parseRange(text)).toBeUndefined();
    },
  );

  it('spells a range as Kea does', () => {
    const range = parseRange('192.0.2.100-192.0.2.199');
    expect(range && formatRange(range)).toBe('192.0.2.100 - 192.0.2.199');
    const network = parseRange('192.0.2.128/25');
    expect(network && formatRange(network)).toBe('192.0.2.128 - 192.0.2.255');
  });
});

describe('overlaps', () => {
  const range = fc
    .tuple(fc.constantFrom(4 as const, 6 as const), fc.nat(60), fc.nat(12))
    .map(([family, first, size]): AddressRange => ({ family, first: BigInt(first), last: BigInt(first + size) }));

  it('are found exactly as by comparing all with all', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 24 }), (ranges) => {
        const slow = ranges.flatMap((a, i) =>
          ranges.flatMap((b, j) => (j > i && overlaps(a, b) ? [[i, j] as const] : [])),
        );
        expect(overlappingPairs(ranges)).toEqual(slow);
      }),
    );
  });

  it('are the same both ways, and what contains overlaps', () => {
    fc.assert(
      fc.property(range, range, (a, b) => {
        expect(overlaps(a, b)).toBe(overlaps(b, a));
        if (contains(a, b)) expect(overlaps(a, b)).toBe(true);
      }),
    );
  });

  it('are found among ten thousand pools at once', () => {
    const many = Array.from(
      { length: 10_000 },
      (_, i): AddressRange => ({ family: 4, first: BigInt(i * 10), last: BigInt(i * 10 + 9) }),
    );
    expect(overlappingPairs([...many, { family: 4, first: 15n, last: 15n }])).toEqual([[1, 10_000]]);
  });
});
