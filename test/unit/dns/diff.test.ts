import { describe, expect, it } from 'vitest';
import { zoneDiff } from '../../../src/dns/diff.ts';
import { parseZone } from '../../../src/dns/parse.ts';
import { HEAD, zoneOf } from './zones.ts';

describe('the difference between two zones', () => {
  it('is told by record, with columns', () => {
    const before = zoneOf(['www A 192.0.2.10', 'old TXT "x"']);
    const after = zoneOf(['www A 192.0.2.11', 'printer A 192.0.2.60']);
    expect(zoneDiff(before, after)).toMatchObject({ serialBefore: 1, added: 1, changed: 1, removed: 1 });
    expect(zoneDiff(before, after).lines).toEqual([
      '- old      TXT  "x"',
      '+ printer  A    192.0.2.60',
      '~ www      A    192.0.2.10 → 192.0.2.11',
    ]);
  });

  it('of a zone that is new is all its records, SOA first', () => {
    const diff = zoneDiff(undefined, zoneOf([]));
    expect(diff.serialBefore).toBeUndefined();
    expect(diff.lines).toEqual([
      '+ @    SOA  ns1.example.com. hostmaster.example.com. · 7200 900 1209600 300',
      '+ @    NS   ns1.example.com.',
      '+ ns1  A    192.0.2.11',
    ]);
  });

  it('does not count the serial, nor the order, nor the case of names', () => {
    const other = ['$TTL 1h', '@ IN SOA ns1 hostmaster 99 2h 15m 2w 5m', 'NS1 A 192.0.2.11', '@ NS ns1', ''].join('\n');
    const { zone } = parseZone(other, { file: 'db', origin: 'example.com' });
    expect(zone && zoneDiff(zone, zoneOf([]))).toMatchObject({ serialBefore: 99, changes: [], lines: [] });
  });

  it('shows a TTL and a timer that changed', () => {
    const before = zoneOf(['a 60 A 192.0.2.1']);
    expect(zoneDiff(before, zoneOf(['a 120 A 192.0.2.1'])).lines).toEqual(['~ a  A  192.0.2.1 (TTL 60 → 120)']);
    const text = [...HEAD, 'a 60 A 192.0.2.1', ''].join('\n').replace('7200', '3600');
    const { zone } = parseZone(text, { file: 'db', origin: 'example.com' });
    expect(zone && zoneDiff(before, zone).lines).toEqual([
      '~ @  SOA  ns1.example.com. hostmaster.example.com. · 7200 900 1209600 300 → ns1.example.com. hostmaster.example.com. · 3600 900 1209600 300',
    ]);
  });

  it('pairs as many records of a name and type as it can', () => {
    const before = zoneOf(['a A 192.0.2.1', 'a A 192.0.2.2', 'a A 192.0.2.3']);
    const after = zoneOf(['a A 192.0.2.2', 'a A 192.0.2.4']);
    expect(zoneDiff(before, after).lines).toEqual(['~ a  A  192.0.2.1 → 192.0.2.4', '- a  A  192.0.2.3']);
  });
});
