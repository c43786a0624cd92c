/** Reverse zones made of the A and AAAA records of other zones: a PTR record for each name of each address in a range. Pure. */
import type { SourceLocation } from '../errors.ts';
import { parseIpv4, parseIpv6, reverseName } from './addresses.ts';
import { ReverseZoneError } from './errors.ts';
import { isInZone, nameSortKey, nameToWire } from './names.ts';
import { TYPE_CODES } from './type-names.ts';
import type { Zone, ZoneRecord } from './zone.ts';

export interface ReverseZones {
  /** One for each range in which a zone has an address. SOA and NS are those of the first such zone. */
  readonly zones: readonly Zone[];
  /** Ranges without a single address: no zone is made. */
  readonly empty: readonly string[];
}

/** Where the range of an index is written. */
type Origin = (index: number) => SourceLocation | undefined;

/** `ranges`: networks on label boundaries (`192.0.2.0/24`, `2001:db8::/48`) or names of reverse zones. Throws ReverseZoneError. */
export function reverseZones(
  zones: readonly Zone[],
  ranges: readonly string[],
  origin: Origin = () => undefined,
): ReverseZones {
  const apexes = ranges.map((range, index) => reverseApex(range, origin(index)));
  for (const index of ranges.keys()) refuseConflict(zones, apexes, index, ranges[index] as string, origin(index));
  const made = apexes.map((apex) => reverseZone(zones, apex));
  return { zones: made.filter((zone) => zone !== undefined), empty: ranges.filter((_, i) => made[i] === undefined) };
}

/** `2.0.192.in-addr.arpa.` of `192.0.2.0/24`. */
export function reverseApex(range: string, where?: SourceLocation): string {
  const place = where === undefined ? {} : { where };
  if (/^(?:[0-9a-f]{1,3}\.)+(?:in-addr|ip6)\.arpa\.?$/i.test(range))
    return `${range.toLowerCase().replace(/\.$/, '')}.`;
  const [, address = '', length = ''] = /^([0-9a-f:.]+)\/(\d{1,3})$/i.exec(range) ?? [];
  const octets = parseIpv4(address) ?? parseIpv6(address);
  const bits = Number(length);
  const step = octets?.length === 4 ? 8 : 4;
  if (octets === undefined || length === '' || bits < step || bits >= octets.length * 8 || bits % step !== 0) {
    throw new ReverseZoneError(`${JSON.stringify(range)} is not a range for a reverse zone`, {
      ...place,
      remedy:
        'Write an IPv4 network with /8, /16 or /24, or an IPv6 network whose prefix length is a multiple of 4; smaller IPv4 networks need a zone file of their own (RFC 2317).',
    });
  }
  if (octets.some((octet, i) => (octet & (0xff >> Math.min(8, Math.max(0, bits - i * 8)))) !== 0)) {
    throw new ReverseZoneError(`${range} has address bits beyond its prefix`, {
      ...place,
      remedy: `Set the bits after the first ${bits} to zero.`,
    });
  }
  return reverseName(octets)
    .split('.')
    .slice((octets.length * 8 - bits) / step)
    .join('.');
}

function refuseConflict(
  zones: readonly Zone[],
  apexes: readonly string[],
  at: number,
  range: string,
  where?: SourceLocation,
): void {
  const apex = apexes[at] as string;
  const place = where === undefined ? {} : { where };
  const written = zones.find((zone) => zone.apex === apex);
  if (written !== undefined) {
    throw new ReverseZoneError(`zone ${written.name} is written in ${written.file} and generated from ${range}`, {
      ...place,
      remedy: 'Remove the file, or take the range out of coredns_reverse.',
    });
  }
  const other = apexes.findIndex((one, i) => i !== at && isInZone(one, apex));
  if (other === -1) return;
  throw new ReverseZoneError(`reverse zones ${apex} and ${apexes[other]} overlap`, {
    ...place,
    remedy: 'Name each range once, and none inside another.',
  });
}

function reverseZone(zones: readonly Zone[], apex: string): Zone | undefined {
  const hosts = zones.flatMap((zone) =>
    zone.records.filter(isHost).map((record) => ({ zone, record, owner: reverseName([...record.octets]) })),
  );
  // A zone file for a part of the range answers for that part.
  const wanted = hosts.filter(
    ({ owner }) =>
      isInZone(owner, apex) && !zones.some((zone) => isInZone(zone.apex, apex) && isInZone(owner, zone.apex)),
  );
  const [first] = wanted;
  if (first === undefined) return undefined;
  const head = first.zone.records.filter(
    ({ owner, type }) => owner === first.zone.apex && (type === 'SOA' || type === 'NS'),
  );
  const ttls = new Map<string, number>();
  for (const { owner, record } of wanted) ttls.set(owner, Math.min(record.ttl, ttls.get(owner) ?? record.ttl));
  const pointers = wanted
    .map(({ owner, record }) => pointer(owner, record, ttls.get(owner) ?? record.ttl))
    .toSorted((a, b) => (nameSortKey(a.owner) < nameSortKey(b.owner) ? -1 : 1));
  const records = [...head.map((record) => ({ ...record, owner: apex })), ...pointers];
  return { name: apex.slice(0, -1), apex, records, serial: first.zone.serial, file: first.zone.file };
}

function isHost({ type, owner }: ZoneRecord): boolean {
  return (type === 'A' || type === 'AAAA') && !owner.startsWith('*.');
}

/** The records of one owner and type bear one TTL: the shortest of the addresses'. */
function pointer(owner: string, host: ZoneRecord, ttl: number): ZoneRecord {
  return {
    owner,
    ttl,
    type: 'PTR',
    code: TYPE_CODES['PTR'] as number,
    data: host.owner,
    octets: Uint8Array.from(nameToWire(host.owner)),
    names: [{ name: host.owner }],
    where: host.where,
  };
}
