/** Kea's lease files as they are found: whole, cleaned up half-way, damaged by a power cut, written by somebody else. */
import { describe, expect, it } from 'vitest';
import { mergeLeases, readLeases } from '../../../src/kea/leases.ts';

/** As Kea 2.6.3 and 3.0.3 write it. */
const HEADER =
  'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id';
const row = (address: string, expire = 2_000_000_000, state = 0, lifetime = 3600): string =>
  `${address},02:00:5e:00:00:01,01:02,${lifetime},${expire},1,0,0,printer,${state},,0`;
const main = (...rows: readonly string[]) => [{ name: 'kea-leases4.csv', text: [HEADER, ...rows, ''].join('\n') }];
const BASE = 'kea-leases4.csv';

describe('a lease file', () => {
  it('says who has which address, and the last row of an address counts', () => {
    const { leases, fatal, skipped } = readLeases(
      4,
      BASE,
      main(row('192.0.2.100', 1), row('192.0.2.101'), row('192.0.2.100', 5)),
    );
    expect({ fatal, skipped }).toEqual({ fatal: [], skipped: [] });
    expect(leases).toEqual([
      expect.objectContaining({ address: '192.0.2.100', expiresAt: 5, subnetId: 1, hostname: 'printer' }),
      expect.objectContaining({ address: '192.0.2.101', client: '02:00:5e:00:00:01' }),
    ]);
  });

  it('forgets leases that were released, declined or reclaimed', () => {
    expect(readLeases(4, BASE, main(row('192.0.2.1'), row('192.0.2.1', 9, 2))).leases).toEqual([]);
    expect(readLeases(4, BASE, main(row('192.0.2.1'), row('192.0.2.1', 9, 1))).leases).toEqual([]);
    expect(readLeases(4, BASE, main(row('192.0.2.1'), row('192.0.2.1', 9, 0, 0))).leases).toEqual([]);
  });

  it('is read with what a clean-up has set aside, in the order in which Kea reads it', () => {
    const file = (suffix: string, ...rows: readonly string[]) => ({
      name: `${BASE}${suffix}`,
      text: [HEADER, ...rows, ''].join('\n'),
    });
    const half = [
      file('', row('192.0.2.3', 3)),
      file('.1', row('192.0.2.3', 2), row('192.0.2.1', 2)),
      file('.2', row('192.0.2.1', 1), row('192.0.2.2', 1)),
    ];
    const expiries = (files: typeof half) =>
      readLeases(4, BASE, files)
        .leases.map(({ address, expiresAt }) => `${address} ${expiresAt}`)
        .sort();
    expect(expiries(half)).toEqual(['192.0.2.1 2', '192.0.2.2 1', '192.0.2.3 3']);
    expect(expiries([...half, file('.completed', row('192.0.2.9', 9))])).toEqual(['192.0.2.3 3', '192.0.2.9 9']);
  });

  it.each([
    ['zeros after a power cut', `${HEADER}\n${'\0'.repeat(64)}\n`],
    ['a row cut in half', `${HEADER}\n192.0.2.1,02:00`],
    ['no address', `${HEADER}\n${row('printer')}\n`],
    ['no time', `${HEADER}\n192.0.2.1,,,3600,soon,1,0,0,,0,,0\n`],
    ['a negative time', `${HEADER}\n192.0.2.1,,,3600,-5,1,0,0,,0,,0\n`],
    ['too many columns', `${HEADER}\n${row('192.0.2.1')},x,y\n`],
  ])('with %s is read as far as it goes, as Kea does', (_, text) => {
    const table = readLeases(4, BASE, [{ name: BASE, text }]);
    expect(table).toMatchObject({ leases: [], fatal: [] });
    expect(table.skipped).toEqual([expect.stringMatching(/^kea-leases4\.csv:2: /)]);
  });

  it.each([
    ['rubbish', 'PK\u0003\u0004rubbish\n'],
    ['zeros', '\0\0\0\0'],
    ['a header that lacks a column', 'address,hwaddr,valid_lifetime\n'],
    ['a row where the header belongs', `${row('192.0.2.1')}\n`],
  ])('whose header is %s stops Kea, and is named', (_, text) => {
    expect(readLeases(4, BASE, [{ name: BASE, text }]).fatal).toEqual([
      expect.stringMatching(/^kea-leases4\.csv: the header/),
    ]);
  });

  it('that is empty has nothing wrong: Kea has yet to begin it', () => {
    expect(readLeases(4, BASE, [{ name: BASE, text: '' }])).toEqual({ leases: [], fatal: [], skipped: [] });
  });

  it('of IPv6 tells prefixes from addresses', () => {
    const header =
      'address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id';
    const rows = [
      '2001:db8::5,00:01,3600,9,1,1800,0,1,128,0,0,,,0,,,,0',
      '2001:db8:8:100::,00:01,3600,9,1,1800,2,1,56,0,0,,,0,,,,0',
    ];
    const text = [header, ...rows, ''].join('\n');
    expect(readLeases(6, 'kea-leases6.csv', [{ name: 'kea-leases6.csv', text }]).leases).toEqual([
      expect.objectContaining({ address: '2001:db8::5', client: '00:01' }),
      expect.objectContaining({ address: '2001:db8:8:100::', prefixLength: 56 }),
    ]);
  });

  it('of two servers counts as one: what lives longest', () => {
    const a = readLeases(4, BASE, main(row('192.0.2.1', 5), row('192.0.2.2', 9))).leases;
    const b = readLeases(4, BASE, main(row('192.0.2.1', 7))).leases;
    expect(mergeLeases([a, b]).map(({ address, expiresAt }) => [address, expiresAt])).toEqual([
      ['192.0.2.1', 7],
      ['192.0.2.2', 9],
    ]);
  });
});
