/** What changed between two versions of a zone, by record. */
import { foldName, nameSortKey, relativeName } from './names.ts';
import { soaWithoutSerial } from './render.ts';
import type { Zone, ZoneRecord } from './zone.ts';

export interface RecordChange {
  readonly op: '+' | '-' | '~';
  /** Relative to the zone: `www`, `@`. */
  readonly owner: string;
  readonly type: string;
  readonly before?: { readonly data: string; readonly ttl: number };
  readonly after?: { readonly data: string; readonly ttl: number };
}

export interface ZoneDiff {
  /** Undefined when there was no zone before, or it could not be read. */
  readonly serialBefore?: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly changes: readonly RecordChange[];
  /** The changes as lines: `~ www  A  192.0.2.10 → 192.0.2.11`, columns aligned. */
  readonly lines: readonly string[];
}

/** The serial alone is no change. `before` undefined: every record is new. */
export function zoneDiff(before: Zone | undefined, after: Zone): ZoneDiff {
  const old = setsOf(before);
  const now = setsOf(after);
  const changes = [...new Map([...old, ...now])]
    .map(([key, [first]]) => ({ key, first: first as ZoneRecord, name: nameSortKey((first as ZoneRecord).owner) }))
    .toSorted(bySet)
    .flatMap(({ key }) => compareSets(old.get(key) ?? [], now.get(key) ?? [], after));
  const count = (op: RecordChange['op']): number => changes.filter((change) => change.op === op).length;
  return {
    ...(before === undefined ? {} : { serialBefore: before.serial }),
    added: count('+'),
    changed: count('~'),
    removed: count('-'),
    changes,
    lines: formatChanges(changes),
  };
}

/** Record sets by owner and type. */
function setsOf(zone: Zone | undefined): Map<string, ZoneRecord[]> {
  const sets = new Map<string, ZoneRecord[]>();
  for (const record of zone?.records ?? []) {
    const key = `${foldName(record.owner)} ${record.code}`;
    const set = sets.get(key);
    if (set === undefined) sets.set(key, [record]);
    else set.push(record);
  }
  return sets;
}

interface Placed {
  readonly first: ZoneRecord;
  readonly name: string;
}

/** In the order of the rendered zone: SOA first, then by name and type. */
function bySet(a: Placed, b: Placed): number {
  if (a.first.type === 'SOA' || b.first.type === 'SOA') return a.first.type === 'SOA' ? -1 : 1;
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.first.code - b.first.code;
}

/** Of one owner and type: what is in both is unchanged, the rest is paired as changed as far as it goes. */
function compareSets(old: readonly ZoneRecord[], now: readonly ZoneRecord[], zone: Zone): readonly RecordChange[] {
  const known = new Set(old.map(identity));
  const wanted = new Set(now.map(identity));
  const gone = old.filter((record) => !wanted.has(identity(record)));
  const come = now.filter((record) => !known.has(identity(record)));
  return Array.from({ length: Math.max(gone.length, come.length) }, (_, i) => {
    const [before, after] = [gone[i], come[i]];
    const record = (after ?? before) as ZoneRecord;
    return {
      op: before === undefined ? '+' : after === undefined ? '-' : '~',
      owner: relativeName(record.owner, zone.apex),
      type: record.type,
      ...(before === undefined ? {} : { before: { data: dataOf(before), ttl: before.ttl } }),
      ...(after === undefined ? {} : { after: { data: dataOf(after), ttl: after.ttl } }),
    };
  });
}

function identity(record: ZoneRecord): string {
  return `${foldName(record.owner)} ${record.ttl} ${dataOf(record)}`;
}

function dataOf(record: ZoneRecord): string {
  return record.type === 'SOA' ? soaWithoutSerial(record) : record.data;
}

function formatChanges(changes: readonly RecordChange[]): readonly string[] {
  const owners = Math.min(32, Math.max(0, ...changes.map(({ owner }) => owner.length)));
  const types = Math.max(0, ...changes.map(({ type }) => type.length));
  return changes.map(
    (change) => `${change.op} ${change.owner.padEnd(owners)}  ${change.type.padEnd(types)}  ${formatData(change)}`,
  );
}

function formatData({ before, after }: RecordChange): string {
  if (before === undefined || after === undefined) return (after ?? before)?.data ?? '';
  const data = before.data === after.data ? after.data : `${before.data} → ${after.data}`;
  return before.ttl === after.ttl ? data : `${data} (TTL ${before.ttl} → ${after.ttl})`;
}
