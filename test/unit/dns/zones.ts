/** Zones for tests, from the lines that matter. */
import { type ParseResult, parseZone } from '../../../src/dns/parse.ts';
import type { Zone } from '../../../src/dns/zone.ts';

export const HEAD = [
  '$TTL 3600',
  '@ IN SOA ns1 hostmaster 1 7200 900 1209600 300',
  '@ IN NS ns1',
  'ns1 IN A 192.0.2.11',
];

/** Parses the lines after a head of four: the first one of them is line 5. */
export function parseLines(
  lines: readonly string[],
  origin = 'example.com',
  include?: (path: string) => string,
): ParseResult {
  const file = `inventory/zones/db.${origin}`;
  return parseZone(`${[...HEAD, ...lines].join('\n')}\n`, {
    file,
    origin,
    ...(include === undefined ? {} : { include }),
  });
}

/** Throws when the lines are no zone. */
export function zoneOf(lines: readonly string[], origin?: string): Zone {
  const { zone, problems } = parseLines(lines, origin);
  if (zone === undefined) throw new Error(problems.map(({ message }) => message).join(', '));
  return zone;
}

/** `owner ttl type data` of every record after the head. */
export function recordsOf(lines: readonly string[]): readonly string[] {
  return zoneOf(lines)
    .records.slice(3)
    .map(({ owner, ttl, type, data }) => `${owner} ${ttl} ${type} ${data}`);
}

/** `code line severity` of every problem. */
export function problemsOf(lines: readonly string[]): readonly string[] {
  return parseLines(lines).problems.map(({ code, where, severity }) => `${severity} ${code} ${where.line}`);
}
