/** The text of a zone as it lies on the hosts: canonical, so that the same records give the same bytes. */

import { nameSortKey } from './names.ts';
import { printGeneric } from './rdata.ts';
import type { Zone, ZoneRecord } from './zone.ts';

/** For people who log in to the host. The second line: the first is the SOA record, which the host's helper reads. */
const NOTICE = '; Written by coreos-infra. Changes made here are replaced by the next run.';

/** Text around the serial, kept as long as the zone: every run renders every zone for every host. */
const rendered = new WeakMap<Zone, { readonly head: string; readonly tail: string }>();

/** One record a line with full names, TTL and class; SOA first, then the canonical order of RFC 4034 §6. */
export function renderZone(zone: Zone, serial: number): string {
  let text = rendered.get(zone);
  if (text === undefined) {
    text = renderAround(zone);
    rendered.set(zone, text);
  }
  return `${text.head}${serial}${text.tail}`;
}

function renderAround(zone: Zone): { readonly head: string; readonly tail: string } {
  const soa = zone.records.find(({ type }) => type === 'SOA');
  if (soa === undefined) throw new Error(`zone ${zone.name} has no SOA record`);
  const [mname, rname, , ...timers] = soa.data.split(' ');
  const lines = canonicalOrder(zone.records.filter((record) => record !== soa)).map(renderRecord);
  return {
    head: `${zone.apex} ${soa.ttl} IN SOA ${mname} ${rname} `,
    tail: ` ${timers.join(' ')}\n${NOTICE}\n${lines.join('')}`,
  };
}

/** By owner, then type, then data (RFC 4034 §6). */
function canonicalOrder(records: readonly ZoneRecord[]): readonly ZoneRecord[] {
  const keys = new Map<string, string>();
  const keyOf = (owner: string): string => {
    const key = keys.get(owner) ?? nameSortKey(owner);
    keys.set(owner, key);
    return key;
  };
  return records.toSorted((a, b) => {
    const [left, right] = [keyOf(a.owner), keyOf(b.owner)];
    if (left !== right) return left < right ? -1 : 1;
    return a.code - b.code || Buffer.compare(a.octets, b.octets);
  });
}

function renderRecord({ owner, ttl, type, octets, data }: ZoneRecord): string {
  // CoreDNS 1.15.0 loses the line after an IPSECKEY record in its own form (miekg/dns scan_rr.go, IPSECKEY.parse).
  return `${owner} ${ttl} IN ${type} ${type === 'IPSECKEY' ? printGeneric(octets) : data}\n`;
}

/** Data of an SOA record with a dot in the place of its serial, to compare what else changed. */
export function soaWithoutSerial(soa: ZoneRecord): string {
  const words = soa.data.split(' ');
  words[2] = '·';
  return words.join(' ');
}
