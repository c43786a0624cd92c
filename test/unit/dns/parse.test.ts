import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProblem, ZoneError } from '../../../src/dns/errors.ts';
import { parseZone } from '../../../src/dns/parse.ts';
import { HEAD, parseLines, problemsOf, recordsOf, zoneOf } from './zones.ts';

describe('a master file', () => {
  it('gives every record its place', () => {
    const { records } = zoneOf(['www A 192.0.2.1', '    A 192.0.2.2 ; second', '; comment', 'txt TXT (', '  "a" )']);
    expect(records.slice(3).map(({ where }) => `${where.line}:${where.column}`)).toEqual(['5:1', '6:5', '8:1']);
    expect(records[0]?.where.file).toBe('inventory/zones/db.example.com');
  });

  it('takes TTLs from the record, then from $TTL', () => {
    expect(recordsOf(['a 60 A 192.0.2.1', 'b A 192.0.2.2', '$TTL 1m', 'c A 192.0.2.3'])).toEqual([
      'a.example.com. 60 A 192.0.2.1',
      'b.example.com. 3600 A 192.0.2.2',
      'c.example.com. 60 A 192.0.2.3',
    ]);
  });

  it('takes the last TTL that was written where there is no $TTL (RFC 1035)', () => {
    const text = '@ 300 SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 60 A 192.0.2.1\nx A 192.0.2.2\n';
    const { zone } = parseZone(text, { file: 'db', origin: 'example.com' });
    expect(zone?.records.map(({ ttl }) => ttl)).toEqual([300, 300, 60, 60]);
  });

  it('knows its serial, and the zone by its name without the dot', () => {
    expect(zoneOf([])).toMatchObject({ name: 'example.com', apex: 'example.com.', serial: 1 });
  });

  it('includes files relative to the one that includes them, with their own origin and owner', () => {
    const files: Record<string, string> = {
      'inventory/includes/a': 'x A 192.0.2.1\n$INCLUDE sub/b\n',
      'inventory/includes/sub/b': 'y A 192.0.2.2\n$ORIGIN z\n',
    };
    const { zone } = parseLines(
      ['$INCLUDE ../includes/a dc1', ' TXT "of ns1"'],
      'example.com',
      (path) => files[path] ?? '',
    );
    expect(zone?.records.slice(3).map(({ owner, where }) => `${owner} ${where.file}`)).toEqual([
      'x.dc1.example.com. inventory/includes/a',
      'y.dc1.example.com. inventory/includes/sub/b',
      'ns1.example.com. inventory/zones/db.example.com',
    ]);
  });

  it('of three zones with 200 records each takes a few milliseconds', () => {
    const lines = Array.from({ length: 200 }, (_, i) => `host-${i} IN A 10.0.0.${i}`);
    const text = `${[...HEAD, ...lines].join('\n')}\n`;
    const times = Array.from({ length: 20 }, () => {
      const started = performance.now();
      for (let i = 0; i < 3; i++) parseZone(text, { file: 'db', origin: 'example.com' });
      return performance.now() - started;
    });
    // The best of many: other programs share this machine.
    expect(Math.min(...times)).toBeLessThan(10);
  });
});

describe('what is wrong', () => {
  it('is named with both lines, the RFC and the remedy', () => {
    const { problems } = parseLines(['www   IN A     192.0.2.10', 'www   IN CNAME web.example.net.']);
    expect(problems.flatMap(formatProblem)).toEqual([
      'inventory/zones/db.example.com:6: CNAME beside other data',
      '    5  www   IN A     192.0.2.10',
      '    6  www   IN CNAME web.example.net.',
      '  A name with a CNAME may have no other records (RFC 1034 §3.6.2). Remove line 5 or line 6.',
    ]);
  });

  it('is named all at once, in the order of the file', () => {
    const lines = [
      'a AA 192.0.2.1',
      'b A 192.0.2',
      'c MX 10 mail',
      'www.example.net. A 192.0.2.1',
      'd 60 A 192.0.2.1',
      'd 61 A 192.0.2.2',
    ];
    expect(problemsOf(lines)).toEqual([
      'error unknown-type 5',
      'error bad-data 6',
      'error dangling-target 7',
      'error out-of-zone 8',
      'error mixed-ttl 10',
    ]);
  });

  it('does not make other records wrong that only depend on it', () => {
    expect(problemsOf(['@ NS ns2', 'ns2 A 192.0.2', '@ MX 10 mail', 'mail AA 192.0.2.1'])).toEqual([
      'error bad-data 6',
      'error unknown-type 8',
    ]);
    expect(problemsOf(['mail TXT "open', '@ MX 10 mail'])).toEqual(['error unclosed-quote 5']);
    expect(problemsOf(['a..b A 192.0.2.1', '  A 192.0.2.2'])).toEqual(['error bad-name 5']);
  });

  it('says which type was probably meant', () => {
    const remedy = (line: string): string => parseLines([line]).problems[0]?.remedy ?? '';
    expect(remedy('www CNMAE web')).toContain('Did you mean CNAME?');
    expect(remedy('www AAA 192.0.2.1')).toMatch(/Did you mean A(AAA)?\?/);
    expect(remedy('www DSYNC x')).toContain('TYPE66');
    expect(remedy('$INCLUED x')).toContain('Did you mean $INCLUDE?');
  });

  it('keeps control characters of a file out of messages', () => {
    const { problems } = parseLines(['a TXT "\x1b[2J"']);
    expect(problems[0]?.excerpt).toEqual(['5  a TXT "·[2J"']);
  });

  it('speaks once for all records of a $GENERATE', () => {
    expect(problemsOf(['$GENERATE 1-100 h$ A 192.0.2.$9'])).toEqual(['error bad-data 5']);
  });

  it('becomes an error with one problem as it stands, several as a list', () => {
    const one = new ZoneError(parseLines(['a A x']).problems);
    expect(one).toMatchObject({ code: 'E_ZONE', where: { line: 5 }, detail: ['5  a A x'] });
    const two = new ZoneError(parseLines(['a A x', 'b A y']).problems);
    expect(two.message).toBe('2 problems in inventory/zones/db.example.com');
    expect(two.detail.join('\n')).toContain('db.example.com:6: "y" is not an IPv4 address');
  });

  it('is a warning where the zone still works', () => {
    expect(problemsOf(['my_host A 192.0.2.1', 'x CNAME nowhere', 'x2 A 192.0.2.1', 'x2 A 192.0.2.1'])).toEqual([
      'warning host-name 5',
      'warning dangling-target 6',
      'warning duplicate-record 8',
    ]);
    expect(zoneOf(['x A 192.0.2.1', 'x A 192.0.2.1']).records).toHaveLength(4);
  });

  it('tells a lost dot from a host that is named like its zone', () => {
    expect(problemsOf(['example.com A 192.0.2.1'])).toEqual(['error missing-dot 5']);
    expect(zoneOf(['lab A 192.0.2.1'], 'lab').records.at(-1)?.owner).toBe('lab.lab.');
  });

  it('is never an exception, whatever the text', () => {
    const bits = [
      '(',
      ')',
      '"',
      ';',
      '\\',
      '\n',
      ' ',
      '\t',
      '@',
      '$',
      '.',
      '\r\n',
      'A',
      'IN',
      'TXT',
      'SOA',
      '$GENERATE 1-3 ',
      '$TTL ',
      '$INCLUDE x',
      '\\#',
      '\0',
      'ü',
      '1',
      '${',
      '}',
    ];
    const text = fc
      .array(fc.oneof(fc.constantFrom(...bits), fc.string({ maxLength: 6 })), { maxLength: 60 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (garbage) => {
        const { zone, problems } = parseZone(garbage, {
          file: 'db',
          origin: 'example.com',
          include: () => garbage.slice(0, 20),
        });
        expect(zone === undefined).toBe(problems.some(({ severity }) => severity === 'error'));
      }),
      { numRuns: 500 },
    );
  });

  it('in thousands of lines is still told quickly, and not all of it', () => {
    const { problems } = parseLines(Array.from({ length: 20_000 }, (_, i) => `h${i} A x`));
    const error = new ZoneError(problems);
    expect(error.message).toContain('20000 problems');
    expect(error.detail.at(-1)).toBe('… and 19960 more');
  });
});
