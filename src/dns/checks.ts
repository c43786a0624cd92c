/** Rules that concern a zone as a whole: what CoreDNS would load and then answer wrongly, or not at all. */
import { checkNames } from './check-names.ts';
import { checkTargets } from './check-targets.ts';
import { foldName, isInZone } from './names.ts';
import type { Found, ProblemLog } from './problems.ts';
import type { Zone, ZoneRecord } from './zone.ts';
import { ZoneIndex } from './zone-index.ts';

export interface RawZone {
  readonly apex: string;
  readonly file: string;
  readonly records: readonly ZoneRecord[];
  /** Owners of lines that could not be read, so that nothing is called missing because of them; '' means any owner. */
  readonly lost: ReadonlySet<string>;
}

/** Reports to the log; undefined when there is no SOA record to build a zone on. */
export function checkZone(raw: RawZone, log: ProblemLog): Zone | undefined {
  const records = withoutDuplicates(withoutStrangers(raw, log), log);
  const index = new ZoneIndex(raw.apex, records, raw.lost);
  const soa = checkSoa(raw, index, records, log);
  checkApex(raw, index, log);
  checkExclusive(index, log);
  checkTtls(index, log);
  checkNames(index, records, log);
  checkTargets(index, records, log);
  if (soa === undefined) return undefined;
  return {
    name: raw.apex === '.' ? '.' : raw.apex.slice(0, -1),
    apex: raw.apex,
    records,
    serial: serialOf(soa),
    file: raw.file,
  };
}

/** The serial in the data of an SOA record: the five numbers stand at the end of it. */
export function serialOf(soa: ZoneRecord): number {
  return new DataView(soa.octets.buffer, soa.octets.byteOffset).getUint32(soa.octets.length - 20);
}

function withoutStrangers({ apex, records }: RawZone, log: ProblemLog): readonly ZoneRecord[] {
  return records.filter((record) => {
    if (isInZone(foldName(record.owner), apex)) return true;
    log.add({
      code: 'out-of-zone',
      message: `${record.owner} is not in ${apex}`,
      remedy:
        'A zone file holds names at or below the zone only (RFC 1035 §5.2). Remove the record, or correct the name.',
      where: record.where,
    });
    return false;
  });
}

function withoutDuplicates(records: readonly ZoneRecord[], log: ProblemLog): readonly ZoneRecord[] {
  const seen = new Map<string, ZoneRecord>();
  return records.filter((record) => {
    const key = `${foldName(record.owner)} ${record.ttl} ${record.code} ${record.data}`;
    const first = seen.get(key);
    if (first === undefined || record.type === 'SOA') {
      seen.set(key, record);
      return true;
    }
    warn(log, {
      code: 'duplicate-record',
      message: 'the same record twice',
      remedy: `It is served once (RFC 2181 §5). Remove ${linesOf(first, record)}.`,
      where: record.where,
      also: [first.where],
    });
    return false;
  });
}

function checkSoa(
  { apex, file }: RawZone,
  index: ZoneIndex,
  records: readonly ZoneRecord[],
  log: ProblemLog,
): ZoneRecord | undefined {
  const [soa, ...others] = records.filter(({ type }) => type === 'SOA');
  if (soa === undefined && index.isLost(apex)) return undefined;
  if (soa === undefined) {
    const remedy =
      'Begin the file with one (RFC 1035 §5.2): @ IN SOA ns1 hostmaster 1 1h 15m 1w 1h. Its serial is managed.';
    log.add({ code: 'no-soa', message: `zone ${apex} has no SOA record`, remedy, where: { file, line: 1, column: 1 } });
    return undefined;
  }
  for (const other of others) {
    log.add({
      code: 'several-soa',
      message: 'second SOA record',
      remedy: `A zone has exactly one (RFC 1035 §5.2). Remove ${linesOf(soa, other)}.`,
      where: other.where,
      also: [soa.where],
    });
  }
  if (soa.owner !== apex) {
    log.add({
      code: 'soa-owner',
      message: `SOA record of ${soa.owner} in zone ${apex}`,
      remedy: 'The SOA record stands at the apex: write @ as its owner.',
      where: soa.where,
    });
  }
  if (serialOf(soa) === 0) {
    log.add({
      code: 'serial-zero',
      message: 'serial 0',
      remedy: 'CoreDNS refuses it. Write any other number: what is served is managed.',
      where: soa.where,
    });
  }
  const mailbox = soa.names[1]?.written ?? '';
  if (mailbox.includes('@') && mailbox !== '@') {
    log.add({
      code: 'mailbox-with-at',
      message: `mailbox ${mailbox} in the SOA record`,
      remedy: `Write the "@" as a dot (RFC 1035 §8): ${mailbox.replace('@', '.').replace(/\.?$/, '.')}`,
      where: soa.where,
    });
  }
  return soa;
}

function checkApex({ apex, file, records }: RawZone, index: ZoneIndex, log: ProblemLog): void {
  const soa = index.at(apex, 'SOA')[0];
  const where = soa?.where ?? { file, line: 1, column: 1 };
  if (records.length > 0 && index.at(apex, 'NS').length === 0 && !index.isLost(apex)) {
    log.add({
      code: 'no-ns',
      message: `zone ${apex} has no NS record`,
      remedy: 'Name the servers of the zone at its apex (RFC 1034 §4.2.1): @ IN NS ns1.',
      where,
    });
  }
  const signature = index.at(apex, 'RRSIG').find(({ data }) => data.startsWith('SOA '));
  if (signature !== undefined) {
    log.add({
      code: 'signed-soa',
      message: 'signature of the SOA record',
      remedy:
        'The serial is managed, which breaks this signature. Take the signatures out, and let CoreDNS sign (plugin dnssec).',
      where: signature.where,
    });
  }
  for (const { where: at } of index.at(apex, 'ZONEMD')) {
    warn(log, {
      code: 'zonemd',
      message: 'ZONEMD record in a zone whose serial is managed',
      remedy: 'Its digest covers the serial (RFC 8976 §3), so it will not match. Remove it.',
      where: at,
    });
  }
}

/** CNAME stands alone (RFC 1034 §3.6.2), DNAME once (RFC 6672 §2.4). */
function checkExclusive(index: ZoneIndex, log: ProblemLog): void {
  for (const [, records] of index.names()) {
    const aliases = records.filter(({ type }) => type === 'CNAME');
    const [alias, second] = aliases;
    const other = records.find(({ type }) => !['CNAME', 'RRSIG', 'NSEC'].includes(type));
    if (alias !== undefined && other !== undefined) {
      const where = later(alias, other).where;
      log.add({
        code: 'cname-and-other-data',
        message: 'CNAME beside other data',
        remedy: `A name with a CNAME may have no other records (RFC 1034 §3.6.2). Remove ${linesOf(alias, other)}.`,
        where,
        also: [alias.where, other.where],
      });
    }
    if (alias !== undefined && second !== undefined) {
      log.add({
        code: 'several-cnames',
        message: 'second CNAME of one name',
        remedy: `A name is an alias of one other name (RFC 2181 §10.1). Remove ${linesOf(alias, second)}.`,
        where: second.where,
        also: [alias.where],
      });
    }
    const [dname, another] = records.filter(({ type }) => type === 'DNAME');
    if (dname !== undefined && another !== undefined) {
      log.add({
        code: 'several-dnames',
        message: 'second DNAME of one name',
        remedy: `A name has one DNAME (RFC 6672 §2.4). Remove ${linesOf(dname, another)}.`,
        where: another.where,
        also: [dname.where],
      });
    }
  }
}

/** All records of one name and type bear one TTL (RFC 2181 §5.2); signatures that of what they sign. */
function checkTtls(index: ZoneIndex, log: ProblemLog): void {
  for (const [, records] of index.names()) {
    const first = new Map<string, ZoneRecord>();
    for (const record of records) {
      const set = record.type === 'RRSIG' ? `RRSIG ${record.data.split(' ', 1)[0]}` : record.type;
      const one = first.get(set) ?? record;
      first.set(set, one);
      if (one.ttl === record.ttl) continue;
      const remedy = `Records of one name and type have one TTL (RFC 2181 §5.2): resolvers may drop the answer. Write ${one.ttl} or ${record.ttl} in both.`;
      log.add({
        code: 'mixed-ttl',
        message: `TTL ${record.ttl} beside ${one.ttl} for ${record.owner} ${record.type}`,
        remedy,
        where: record.where,
        also: [one.where],
      });
    }
  }
}

function warn(log: ProblemLog, found: Omit<Found, 'severity'>): void {
  log.add({ ...found, severity: 'warning' });
}

function later(a: ZoneRecord, b: ZoneRecord): ZoneRecord {
  return a.where.file === b.where.file && a.where.line > b.where.line ? a : b;
}

/** `line 16 or line 17`, with the file where they stand in two. */
function linesOf(a: ZoneRecord, b: ZoneRecord): string {
  const [first, second] = later(a, b) === a ? [b, a] : [a, b];
  if (first.where.file === second.where.file && first.where.line === second.where.line)
    return `one of the two (line ${first.where.line})`;
  const place = ({ where }: ZoneRecord): string =>
    first.where.file === second.where.file ? `line ${where.line}` : `${where.file}:${where.line}`;
  return `${place(first)} or ${place(second)}`;
}
