/** Addresses, networks and ranges of either family as numbers, to compare them. Pure. */
import ipaddr from 'ipaddr.js';

export type Family = 4 | 6;

/** Both ends belong to it. */
export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

export interface Network extends AddressRange {
  readonly prefix: number;
}

export function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** undefined when the text is no address in its usual form (no `192.0.2`, no zone index, no IPv4 in IPv6's clothes). */
export function parseAddress(text: string): { readonly family: Family; readonly value: bigint } | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text) && !/(?:^|\.)0\d/.test(text))
    return { family: 4, value: numberOf(ipaddr.IPv4.parse(text).toByteArray()) };
  if (/^[0-9A-Fa-f:]+$/.test(text) && ipaddr.IPv6.isValid(text))
    return { family: 6, value: numberOf(ipaddr.IPv6.parse(text).toByteArray()) };
  return undefined;
}

/** `192.0.2.0/24`; undefined also when bits are set behind the prefix. */
export function parseNetwork(text: string): Network | undefined {
  const match = /^([0-9A-Fa-f.:]+)\/(\d{1,3})$/.exec(text);
  const address = parseAddress(match?.[1] ?? '');
  const prefix = Number(match?.[2]);
  if (address === undefined || prefix > bitsOf(address.family)) return undefined;
  const size = 1n << BigInt(bitsOf(address.family) - prefix);
  if (address.value % size !== 0n) return undefined;
  return { family: address.family, prefix, first: address.value, last: address.value + size - 1n };
}

/** As Kea writes pools: `192.0.2.100 - 192.0.2.199` (blanks as you like), or a network. */
export function parseRange(text: string): AddressRange | undefined {
  if (text.includes('/')) return parseNetwork(text.trim());
  const [from = '', to = '', ...rest] = text.split('-').map((part) => part.trim());
  const [first, last] = [parseAddress(from), parseAddress(to)];
  if (rest.length > 0 || first === undefined || last === undefined || first.family !== last.family) return undefined;
  return first.value > last.value ? undefined : { family: first.family, first: first.value, last: last.value };
}

export function contains(outer: AddressRange, inner: AddressRange): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

export function holds(range: AddressRange, address: { readonly family: Family; readonly value: bigint }): boolean {
  return range.family === address.family && range.first <= address.value && address.value <= range.last;
}

export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** All pairs that overlap, each once, by index. O(n log n) where nothing does. */
export function overlappingPairs(ranges: readonly AddressRange[]): readonly (readonly [number, number])[] {
  const order = ranges
    .map((range, index) => ({ range, index }))
    .sort((a, b) => (a.range.first < b.range.first ? -1 : a.range.first > b.range.first ? 1 : a.index - b.index));
  const pairs: (readonly [number, number])[] = [];
  let open: typeof order = [];
  for (const one of order) {
    open = open.filter(({ range }) => range.last >= one.range.first || range.family !== one.range.family);
    for (const other of open)
      if (overlaps(other.range, one.range))
        pairs.push([Math.min(other.index, one.index), Math.max(other.index, one.index)]);
    open.push(one);
  }
  return pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

/** One spelling for each address. */
export function formatAddress(family: Family, value: bigint): string {
  const bytes = Array.from({ length: bitsOf(family) / 8 }, (_, i) =>
    Number((value >> BigInt(bitsOf(family) - 8 * (i + 1))) & 0xffn),
  );
  return ipaddr.fromByteArray(bytes).toString();
}

/** As Kea spells it: `192.0.2.100 - 192.0.2.199`. */
export function formatRange({ family, first, last }: AddressRange): string {
  return `${formatAddress(family, first)} - ${formatAddress(family, last)}`;
}

function numberOf(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
