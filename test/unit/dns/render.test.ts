import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zoneDiff } from '../../../src/dns/diff.ts';
import { parseRendered } from '../../../src/dns/parse-rendered.ts';
import { renderZone } from '../../../src/dns/render.ts';
import { zoneOf } from './zones.ts';

/** Lines of distinct owners, so that any of them make a zone. */
const line = fc.tuple(
  fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/),
  fc.oneof(
    fc.ipV4().map((address) => `A ${address}`),
    fc.ipV6().map((address) => `AAAA ${address}`),
    fc
      .string({ maxLength: 40 })
      .map((text) => `TXT "${[...Buffer.from(text)].map((octet) => `\\${String(octet).padStart(3, '0')}`).join('')}"`),
    fc.nat(65535).map((preference) => `MX ${preference} ns1`),
    fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((octets) => `TYPE65280 \\# ${octets.length} ${Buffer.from(octets).toString('hex')}`),
  ),
);
const lines = fc
  .uniqueArray(line, { maxLength: 30, selector: ([owner]) => owner })
  .map((pairs) => pairs.filter(([owner]) => owner !== 'ns1').map(([owner, data]) => `${owner} ${data}`));

describe('a rendered zone', () => {
  it('has the SOA on its first line with the serial that it was given, and says who wrote it', () => {
    const [soa, notice, ...records] = renderZone(zoneOf(['www 60 A 192.0.2.1']), 2026112001).split('\n');
    expect(soa).toBe(
      'example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. 2026112001 7200 900 1209600 300',
    );
    expect(notice).toMatch(/^; Written by coreos-infra/);
    expect(records).toEqual([
      'example.com. 3600 IN NS ns1.example.com.',
      'ns1.example.com. 3600 IN A 192.0.2.11',
      'www.example.com. 60 IN A 192.0.2.1',
      '',
    ]);
  });

  it('is the same for any order of the lines', () => {
    fc.assert(
      fc.property(
        lines.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([one, other]) => {
          expect(renderZone(zoneOf(other), 7)).toBe(renderZone(zoneOf(one), 7));
        },
      ),
    );
  });

  it('read again is the same zone', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 2 ** 32 - 1 }), (all, serial) => {
        const zone = zoneOf(all);
        const again = parseRendered(renderZone(zone, serial), 'example.com');
        expect(again?.serial).toBe(serial);
        expect(zoneDiff(again, zone).changes).toEqual([]);
        expect(again && renderZone(again, serial)).toBe(renderZone(zone, serial));
      }),
    );
  });

  it('writes IPSECKEY in the generic form, which CoreDNS reads whatever follows', () => {
    const zone = zoneOf(['a IPSECKEY 10 0 2 . AAAA', '', 'b A 192.0.2.1']);
    expect(renderZone(zone, 1)).toContain('a.example.com. 3600 IN IPSECKEY \\# 6 0A0002000000\n');
  });

  it('keeps the case of SRV owners and of targets, as CoreDNS does', () => {
    const text = renderZone(zoneOf(['_LDAP._tcp SRV 0 0 389 NS1', 'Big PTR Some.Host.', 'x CNAME BIG']), 1);
    expect(text).toContain('_LDAP._tcp.example.com. 3600 IN SRV 0 0 389 NS1.example.com.\n');
    expect(text).toContain('big.example.com. 3600 IN PTR Some.Host.\n');
    expect(text).toContain('x.example.com. 3600 IN CNAME big.example.com.\n');
  });

  it('that was edited into nonsense by hand is compared as far as it can be read', () => {
    const zone = zoneOf(['www A 192.0.2.1']);
    const edited = `${renderZone(zone, 5)}www.example.com. 60 IN CNAME x.\nbroken (\n`;
    expect(zoneDiff(parseRendered(edited, 'example.com'), zone).lines).toEqual(['- www  CNAME  x.']);
  });

  it('that was edited into no zone at all is not read', () => {
    expect(parseRendered('garbage\n', 'example.com')).toBeUndefined();
  });
});
