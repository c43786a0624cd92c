import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expandRanges } from '../../../src/inventory/ranges.ts';

test('a numeric range has every step-th number, padded as its bounds are', () => {
  fc.assert(
    fc.property(
      fc.nat(50),
      fc.nat(50),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 2, max: 4 }),
      (from, count, step, width) => {
        const [begin, end] = [from, from + count].map((n) => String(n).padStart(width, '0'));
        const padded = begin?.startsWith('0') === true;
        const expected = [];
        for (let n = from; n <= from + count; n += step)
          expected.push(`x${padded ? String(n).padStart(width, '0') : n}y`);
        expect(expandRanges(`x[${begin}:${end}:${step}]y`)).toEqual({ names: expected });
      },
    ),
  );
});

test.each([
  ['plain', ['plain']],
  ['ns[1:2]', ['ns1', 'ns2']],
  ['ns[:2]', ['ns0', 'ns1', 'ns2']],
  ['ns[9:11]', ['ns9', 'ns10', 'ns11']],
  ['[a:c]', ['a', 'b', 'c']],
  ['[a:e:2]', ['a', 'c', 'e']],
  ['[y:B]', ['y', 'z', 'A', 'B']],
  ['r[1:2]-[a:b]', ['r1-a', 'r1-b', 'r2-a', 'r2-b']],
])('%s is %j', (pattern, names) => {
  expect(expandRanges(pattern)).toEqual({ names });
});

test.each([
  'ns[',
  'ns]',
  'ns[1]',
  'ns[1:2:3:4]',
  'ns[1:]',
  'ns[2:1]',
  'ns[c:a]',
  'ns[1:2:0]',
  'ns[1:2:x]',
  'ns[01:100]',
  'ns[1:99]-[1:99]',
])('%s is refused with a remedy', (pattern) => {
  expect(expandRanges(pattern)).toEqual({
    problem: expect.stringContaining(pattern),
    remedy: expect.stringMatching(/\.$/),
  });
});
