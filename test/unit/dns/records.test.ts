/** Record data of each kind, as written and in canonical form. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lex } from '../../../src/dns/lexer.ts';
import { printRdata, readRdata } from '../../../src/dns/rdata.ts';
import { TYPE_CODES } from '../../../src/dns/type-names.ts';
import { problemsOf, recordsOf } from './zones.ts';

const CANONICAL: readonly (readonly [string, string])[] = [
  ['AAAA 2001:DB8:0:0:0:0:0:1', 'AAAA 2001:db8::1'],
  ['TXT plain "qu\\"oted" "\\065"', 'TXT "plain" "qu\\"oted" "A"'],
  ['TXT "é"', 'TXT "\\195\\169"'],
  ['CAA 0 issue ca.example', 'CAA 0 issue "ca.example"'],
  ['MX 010 NS1', 'MX 10 ns1.example.com.'],
  ['PTR Office\\ Printer', 'PTR Office\\032Printer.example.com.'],
  ['TYPE1 192.0.2.1', 'A 192.0.2.1'],
  ['A \\# 4 C0 00 02 01', 'A 192.0.2.1'],
  ['TYPE65280 \\# 3 0a0B0c', 'TYPE65280 \\# 3 0A0B0C'],
  ['LOC 42 21 54.5 S 71 06 18 W 24m 30m', 'LOC 42 21 54.500 S 71 6 18.000 W 24.00m 30.00m 10000.00m 10.00m'],
  ['APL 1:192.0.2.0/24 !2:2001:db8::/32', 'APL 1:192.0.2.0/24 !2:2001:db8::/32'],
  ['HTTPS 1 . port=443 alpn="h2,h3"', 'HTTPS 1 . alpn="h2,h3" port=443'],
  ['SVCB 1 . alpn="a\\\\,b"', 'SVCB 1 . alpn="a\\\\,b"'],
  ['SVCB 1 . mandatory=port,alpn port=1 alpn=x', 'SVCB 1 . mandatory=alpn,port alpn="x" port=1'],
  [
    'DS 1 RSASHA256 2 AAbb0102030405060708090a0b0c0d0e 0f101112131415161718191a1b1c1d1e',
    'DS 1 8 2 AABB0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E',
  ],
  [
    'RRSIG A 13 3 3600 20300101000000 1767225600 1 example.com. AAAA',
    'RRSIG A 13 3 3600 1893456000 1767225600 1 example.com. AAAA',
  ],
  ['NSEC b.example.com. A MX RRSIG TYPE1234', 'NSEC b.example.com. A MX RRSIG TYPE1234'],
  ['EUI48 00-00-5E-00-53-2A', 'EUI48 00-00-5e-00-53-2a'],
  ['CERT PKIX 1 RSASHA1 AAAA', 'CERT 1 1 5 AAAA'],
];

describe('record data', () => {
  it.each(CANONICAL)('%s is printed as %s', (written, canonical) => {
    expect(recordsOf([`x ${written}`])).toEqual([`x.example.com. 3600 ${canonical}`]);
  });

  it.each(CANONICAL)('the canonical form of %s reads the same', (_, canonical) => {
    expect(recordsOf([`x ${canonical}`])).toEqual([`x.example.com. 3600 ${canonical}`]);
  });

  it.each([
    ['A 192.0.2.300', 'bad-data'],
    ['SRV 0 0 70000 ns1', 'bad-data'],
    ['TXT', 'missing-data'],
    ['CAA 0 issue "a" "b"', 'extra-data'],
    ['DNSKEY 257 3 13 AAA', 'bad-data'],
    ['RRSIG A 13 3 3600 20301301000000 1 1 example.com. AAAA', 'bad-data'],
    ['LOC 90 0 1 N 0 E 0m', 'bad-data'],
    ['LOC 1 N 1 E 0m 15m', 'bad-data'],
    ['HTTPS 1 . alpn=', 'bad-data'],
    ['HTTPS 1 . no-default-alpn', 'bad-data'],
    ['HTTPS 1 . key1=x', 'bad-data'],
    ['HTTPS 1 . ipv4hint=2001:db8::1', 'bad-data'],
    ['APL 1:2001:db8::/32', 'bad-data'],
    ['EUI48 00:00:5e:00:53:2a', 'bad-data'],
    ['NSEC3 1 0 0 - 0123456789ABCDEFGHIJKLMNOPQRSTUV A', 'unsupported-type'],
    ['TKEY x', 'meta-type'],
    ['TYPE255 \\# 0', 'meta-type'],
  ])('%s is refused as %s', (written, code) => {
    expect(problemsOf([`x ${written}`])).toEqual([`error ${code} 5`]);
  });

  it('of any octets in a text record survives printing and reading', () => {
    const strings = fc.array(fc.uint8Array({ maxLength: 255 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(strings, (texts) => {
        const octets = Uint8Array.from(texts.flatMap((text) => [text.length, ...text]));
        const printed = printRdata(TYPE_CODES['TXT'] as number, octets);
        const tokens = lex(`${printed}\n`).entries[0]?.tokens ?? [];
        expect(readRdata(TYPE_CODES['TXT'] as number, tokens, '.').octets).toEqual(octets);
      }),
    );
  });
});
