/** Names folded into one word must expand to exactly the same names. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { foldHosts } from '../../../src/exec/host-set.ts';

/** What clush would make of the word; written apart from the folding. */
function expand(text: string): string[] {
  if (text === '') return [];
  return text.split(/,(?![^[]*\])/).flatMap((word) => {
    const match = /^(.*)\[(.*)\](.*)$/s.exec(word);
    if (match === null) return [word];
    const [, head = '', inside = '', tail = ''] = match;
    return inside.split(',').flatMap((range) => {
      const [from = '', to = from] = range.split('-');
      const names: string[] = [];
      for (let n = BigInt(from); n <= BigInt(to); n += 1n)
        names.push(`${head}${String(n).padStart(from.length, '0')}${tail}`);
      return names;
    });
  });
}

it.each([
  [['ns1', 'ns2'], 'ns[1-2]'],
  [['ns1'], 'ns1'],
  [['ns1', 'ns2', 'ns3', 'ns5', 'gw'], 'ns[1-3,5],gw'],
  [['ns9', 'ns10', 'ns11'], 'ns[9-11]'],
  [['ns09', 'ns10', 'ns11'], 'ns[09-11]'],
  [['ns1', 'ns01'], 'ns1,ns01'],
  [['rack2-a', 'rack1-a', 'rack1-b'], 'rack[1-2]-a,rack1-b'],
  [['r1n1', 'r1n2', 'r2n1'], 'r1n[1-2],r2n1'],
  [['192.0.2.11', '192.0.2.12'], '192.0.2.11,192.0.2.12'],
  [['ns2', 'ns1', 'ns2'], 'ns[1-2]'],
  [[], ''],
])('%j is %s', (names, word) => expect(foldHosts(names)).toBe(word));

it('expands to the same names, whatever they are', () => {
  const name = fc.oneof(
    fc
      .tuple(fc.constantFrom('ns', 'gw-', 'a1b', ''), fc.nat(130), fc.constantFrom('', '-x', '.lab'), fc.nat(4))
      .map(([head, number, tail, width]) => `${head}${String(number).padStart(width, '0')}${tail}`),
    fc.stringMatching(/^[a-z][a-z0-9.-]{0,12}$/),
  );
  fc.assert(
    fc.property(fc.array(name, { maxLength: 60 }), (names) => {
      expect(expand(foldHosts(names)).toSorted()).toEqual([...new Set(names)].toSorted());
    }),
  );
});

it('is short for a large fleet', () => {
  const names = Array.from({ length: 4000 }, (_, i) => `node${String(i + 1).padStart(4, '0')}.example`);
  expect(foldHosts(names)).toBe('node[0001-4000].example');
});
