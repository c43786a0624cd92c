/** A zone by name: what exists where, what lies below a delegation, what a wildcard covers. */
import { foldName, isInZone, parentOf } from './names.ts';
import { TYPE_CODES } from './type-names.ts';
import type { ZoneRecord } from './zone.ts';

/** What a name inside or outside the zone turns out to be. */
export type NameState = 'outside' | 'exists' | 'wildcard' | 'below-cut' | 'below-dname' | 'missing';

export class ZoneIndex {
  readonly apex: string;
  readonly hasDnames: boolean;
  private readonly byName = new Map<string, ZoneRecord[]>();
  private readonly hasCuts: boolean;
  private readonly lost: ReadonlySet<string>;
  /** Names that exist only because something stands below them (RFC 4592 §2.2.2). */
  private readonly emptyNonTerminals = new Set<string>();

  constructor(apex: string, records: readonly ZoneRecord[], lost: ReadonlySet<string> = new Set()) {
    this.apex = apex;
    this.lost = lost;
    for (const record of records) {
      const name = foldName(record.owner);
      const node = this.byName.get(name);
      if (node === undefined) this.byName.set(name, [record]);
      else node.push(record);
    }
    for (const name of this.byName.keys()) this.addAncestors(name);
    this.hasDnames = records.some(({ type }) => type === 'DNAME');
    this.hasCuts = records.some(({ type, owner }) => type === 'NS' && owner !== apex);
  }

  /** The names above it in the zone, nearest first. */
  ancestors(name: string): readonly string[] {
    const names: string[] = [];
    for (let up = parentOf(name); up !== undefined && isInZone(up, this.apex); up = parentOf(up)) names.push(up);
    return names;
  }

  private addAncestors(name: string): void {
    for (let up = parentOf(name); up !== undefined && up !== this.apex && isInZone(up, this.apex); up = parentOf(up)) {
      if (this.emptyNonTerminals.has(up)) return;
      if (!this.byName.has(up)) this.emptyNonTerminals.add(up);
    }
  }

  /** Might the name have records that could not be read? */
  isLost(name: string): boolean {
    return this.lost.has('') || this.lost.has(foldName(name));
  }

  names(): Iterable<[string, readonly ZoneRecord[]]> {
    return this.byName;
  }

  at(name: string, type?: string): readonly ZoneRecord[] {
    const node = this.byName.get(foldName(name)) ?? [];
    return type === undefined ? node : node.filter(({ code }) => code === TYPE_CODES[type]);
  }

  /** Records that answer for the name: its own, or those of the wildcard that covers it. */
  answers(name: string, type: string): readonly ZoneRecord[] {
    const state = this.state(name);
    if (state === 'exists' || state === 'below-cut') return this.at(name, type);
    const wildcard = state === 'wildcard' ? this.coveringWildcard(foldName(name)) : undefined;
    return wildcard === undefined ? [] : this.at(wildcard, type);
  }

  hasAddress(name: string): boolean {
    return this.isLost(name) || this.answers(name, 'A').length > 0 || this.answers(name, 'AAAA').length > 0;
  }

  state(written: string): NameState {
    const name = foldName(written);
    if (!isInZone(name, this.apex)) return 'outside';
    if (this.cutAbove(name) !== undefined) return 'below-cut';
    if (this.byName.has(name) || this.emptyNonTerminals.has(name) || this.isLost(name)) return 'exists';
    if (this.hasDnames && this.ancestors(name).some((up) => this.at(up, 'DNAME').length > 0)) return 'below-dname';
    return this.coveringWildcard(name) === undefined ? 'missing' : 'wildcard';
  }

  /** The highest delegation at or above the name, the apex aside. */
  cutAbove(name: string): string | undefined {
    if (!this.hasCuts) return undefined;
    return [name, ...this.ancestors(name)].findLast((up) => up !== this.apex && this.at(up, 'NS').length > 0);
  }

  /** The wildcard at the closest existing ancestor (RFC 4592 §3.3.1). */
  private coveringWildcard(name: string): string | undefined {
    for (const up of this.ancestors(name)) {
      if (this.byName.has(`*.${up}`)) return `*.${up}`;
      if (this.byName.has(up) || this.emptyNonTerminals.has(up)) return undefined;
    }
    return undefined;
  }
}
