/** Many host names as one short word: `ns[1-3],gw`, as clush's users read and type them. Pure. */

/**
 * Folds the last number of each name where that joins several names: `ns1 ns2 ns3 gw` → `ns[1-3],gw`, `r01-a r02-a` →
 * `r[01-02]-a`. Padding is kept, so the word expands to exactly these names. Names stay in the order of their first one;
 * double names are said once.
 */
export function foldHosts(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const padded = new Set(unique.flatMap((name) => keyIfPadded(split(name))));
  const groups = new Map<string, Series>();
  for (const name of unique) {
    const parts = split(name);
    const key = parts === undefined ? name : seriesKey(parts, padded);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { name, parts: parts === undefined ? [] : [parts] });
    else if (parts !== undefined) group.parts.push(parts);
  }
  return [...groups.values()].map(seriesText).join(',');
}

/** `ns01-a`: head `ns`, digits `01`, tail `-a`. */
interface Parts {
  readonly head: string;
  readonly digits: string;
  readonly tail: string;
}

/** Names that differ in one number only; no parts for a name that is not folded. */
interface Series {
  readonly name: string;
  readonly parts: Parts[];
}

/** Addresses are left whole: nobody wants 192.0.2.[11-12]. Names with our own signs in them cannot be folded either. */
function split(name: string): Parts | undefined {
  if (/[[\],:]/.test(name) || /^[\d.]+$/.test(name)) return undefined;
  const match = /^(.*?)(\d+)(\D*)$/s.exec(name);
  return match === null ? undefined : { head: match[1] ?? '', digits: match[2] ?? '', tail: match[3] ?? '' };
}

function keyIfPadded(parts: Parts | undefined): readonly string[] {
  return parts !== undefined && isPadded(parts) ? [keyOf(parts, parts.digits.length)] : [];
}

/** 9 and 10 are one series of plain numbers; 10 belongs to 09 instead where there is one. */
function seriesKey(parts: Parts, padded: ReadonlySet<string>): string {
  const key = keyOf(parts, parts.digits.length);
  return padded.has(key) ? key : keyOf(parts, 0);
}

function isPadded({ digits }: Parts): boolean {
  return digits.length > 1 && digits.startsWith('0');
}

/** No name begins like this, so that names and series share one map. */
function keyOf({ head, tail }: Parts, width: number): string {
  return `[${JSON.stringify([head, tail, width])}`;
}

function seriesText({ name, parts }: Series): string {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return name;
  const sorted = parts.map(({ digits }) => digits).toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  const ranges: { first: string; last: string }[] = [];
  for (const digits of sorted) {
    const range = ranges.at(-1);
    if (range !== undefined && BigInt(range.last) + 1n === BigInt(digits)) range.last = digits;
    else ranges.push({ first: digits, last: digits });
  }
  const texts = ranges.map((range) => (range.first === range.last ? range.first : `${range.first}-${range.last}`));
  return `${first.head}[${texts.join(',')}]${first.tail}`;
}
