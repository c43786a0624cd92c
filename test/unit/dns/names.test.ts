import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isInZone,
  nameFromWire,
  nameSortKey,
  nameToWire,
  parentOf,
  parseName,
  relativeName,
} from '../../../src/dns/names.ts';

const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
const wireName = fc
  .array(label, { maxLength: 8 })
  .map((labels) => Uint8Array.from([...labels.flatMap((octets) => [octets.length, ...octets]), 0]));

function textOf(octets: Uint8Array): string {
  const read = nameFromWire(octets, 0);
  if (read === undefined) throw new Error('not a name');
  return read.name;
}

describe('names', () => {
  it('of any octets survive printing and reading', () => {
    fc.assert(
      fc.property(wireName, (octets) => {
        const text = textOf(octets);
        expect(parseName(text, 'example.com.')).toEqual({ name: text });
        expect(nameToWire(text)).toEqual([...octets]);
      }),
    );
  });

  it('sort as RFC 4034 §6.1 lists them', () => {
    const sorted = [
      'example.',
      'a.example.',
      'yljkjljk.a.example.',
      'Z.a.example.',
      'zABC.a.EXAMPLE.',
      'z.example.',
      '\\001.z.example.',
      '*.z.example.',
      '\\200.z.example.',
    ];
    expect(sorted.toReversed().toSorted((a, b) => (nameSortKey(a) < nameSortKey(b) ? -1 : 1))).toEqual(sorted);
  });

  it('sort like their octets, label by label from the right', () => {
    const compare = (a: Uint8Array, b: Uint8Array): number => {
      const split = (octets: Uint8Array): string[] => {
        const labels: string[] = [];
        for (let at = 0; (octets[at] ?? 0) > 0; at += 1 + (octets[at] ?? 0)) {
          labels.unshift(
            Buffer.from(octets.subarray(at + 1, at + 1 + (octets[at] ?? 0)))
              .toString('latin1')
              .replace(/[A-Z]/g, (c) => c.toLowerCase()),
          );
        }
        return labels;
      };
      const [left, right] = [split(a), split(b)];
      for (let i = 0; i < Math.max(left.length, right.length); i++) {
        const order = Buffer.compare(Buffer.from(left[i] ?? '', 'latin1'), Buffer.from(right[i] ?? '', 'latin1'));
        if (i >= left.length || i >= right.length) return left.length - right.length;
        if (order !== 0) return order;
      }
      return 0;
    };
    fc.assert(
      fc.property(wireName, wireName, (a, b) => {
        const [left, right] = [nameSortKey(textOf(a)), nameSortKey(textOf(b))];
        expect(Math.sign(left < right ? -1 : left > right ? 1 : 0)).toBe(Math.sign(compare(a, b)));
      }),
    );
  });

  it('get the origin appended unless they end in a dot', () => {
    expect(parseName('www', 'example.com.')).toEqual({ name: 'www.example.com.' });
    expect(parseName('www.', 'example.com.')).toEqual({ name: 'www.' });
    expect(parseName('@', 'example.com.')).toEqual({ name: 'example.com.' });
    expect(parseName('\\@', 'example.com.')).toEqual({ name: '\\@.example.com.' });
    expect(parseName('www', '.')).toEqual({ name: 'www.' });
    expect(parseName('a\\.', 'example.com.')).toEqual({ name: 'a\\..example.com.' });
  });

  it('that are too long are refused with their length', () => {
    expect(parseName('a'.repeat(64), 'example.com.')).toMatchObject({ fault: 'label of 64 octets' });
    expect(parseName(`${'a'.repeat(63)}.`.repeat(4), '.')).toMatchObject({ fault: 'name of 257 octets' });
  });

  it('beyond ASCII are refused with the form that clients ask for', () => {
    expect(parseName('bücher', 'example.com.')).toMatchObject({
      remedy: expect.stringContaining('xn--bcher-kva') as string,
    });
  });

  it('are in a zone by whole labels, not by their ending', () => {
    expect(isInZone('www.example.com.', 'example.com.')).toBe(true);
    expect(isInZone('notexample.com.', 'example.com.')).toBe(false);
    expect(isInZone('a\\.example.com.', 'example.com.')).toBe(false);
    expect(isInZone('anything.', '.')).toBe(true);
  });

  it('have a parent, and a short form in their zone', () => {
    expect(parentOf('a\\.b.example.com.')).toBe('example.com.');
    expect(parentOf('com.')).toBe('.');
    expect(parentOf('.')).toBeUndefined();
    expect(relativeName('www.Example.com.', 'example.com.')).toBe('www');
    expect(relativeName('example.com.', 'example.com.')).toBe('@');
    expect(relativeName('example.net.', 'example.com.')).toBe('example.net.');
  });
});
