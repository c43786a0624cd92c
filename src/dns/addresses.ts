/** IPv4 and IPv6 addresses as octets, and the names under in-addr.arpa and ip6.arpa that stand for them. */

/** Four octets; undefined for anything but a dotted quad without leading zeros. */
export function parseIpv4(text: string): number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const octets = match.slice(1).map(Number);
  return octets.some((octet, i) => octet > 255 || String(octet) !== match[i + 1]) ? undefined : octets;
}

/** Sixteen octets; undefined when it is not an IPv6 address (RFC 4291 §2.2). A zone (`%eth0`) is not accepted. */
export function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const groups = (part: readonly string[], isLast: boolean): number[] | undefined => {
    const octets: number[] = [];
    for (const [i, group] of part.entries()) {
      const ipv4 = isLast && i === part.length - 1 ? parseIpv4(group) : undefined;
      if (ipv4 !== undefined) octets.push(...ipv4);
      else if (/^[0-9a-f]{1,4}$/i.test(group))
        octets.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255);
      else return undefined;
    }
    return octets;
  };
  const left = groups(head ?? [], tail === undefined);
  const right = groups(tail ?? [], true);
  if (left === undefined || right === undefined) return undefined;
  const missing = 16 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...left, ...new Array<number>(missing).fill(0), ...right];
}

export function formatIpv4(octets: ArrayLike<number>): string {
  return Array.from(octets).join('.');
}

/** RFC 5952 form, with dotted quad only for IPv4-mapped addresses. */
export function formatIpv6(octets: ArrayLike<number>): string {
  const bytes = Array.from(octets);
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255)
    return `::ffff:${formatIpv4(bytes.slice(12))}`;
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const run = longestZeros(groups);
  if (run.length < 2) return groups.join(':');
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** `11.2.0.192.in-addr.arpa.` for the octets of 192.0.2.11; nibbles under ip6.arpa for 16 octets (RFC 3596 §2.5). */
export function reverseName(octets: readonly number[]): string {
  if (octets.length === 4) return `${[...octets].reverse().join('.')}.in-addr.arpa.`;
  return `${[...octets]
    .reverse()
    .map((octet) => `${(octet & 15).toString(16)}.${(octet >> 4).toString(16)}`)
    .join('.')}.ip6.arpa.`;
}
