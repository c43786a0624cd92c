/** Serials of zones are managed: which serial a zone gets on all members of a group (RFC 1982 arithmetic). Pure. */

const MODULUS = 2 ** 32;
const HALF = 2 ** 31;

/** Is `a` later than `b`? False for equal serials, and for the pair exactly half the circle apart, which RFC 1982 §3.2 leaves undefined. */
export function isLater(a: number, b: number): boolean {
  const ahead = (a - b + MODULUS) % MODULUS;
  return ahead > 0 && ahead < HALF;
}

/** The next serial on the circle; 0 is skipped, since CoreDNS refuses to load it. */
export function increment(serial: number): number {
  return (serial + 1) % MODULUS || 1;
}

/**
 * A serial later than all that are known: today's YYYYMMDDnn with the lowest nn that is, else the highest one + 1.
 * `today` is YYYYMMDD. Serials spread over more than half the circle cannot all be outdone; then as many as possible are.
 */
export function nextSerial(known: readonly number[], today: string): number {
  const outdoes = (serial: number): boolean => known.every((other) => isLater(serial, other));
  const day = Number(today) * 100;
  if (!/^\d{8}$/.test(today) || day + 99 >= MODULUS) throw new Error(`not a day: ${today}`);
  for (let n = 1; n <= 99; n++) if (outdoes(day + n)) return day + n;
  return increment(highest(known));
}

/** The one that outdoes or equals the most others; the largest of them where several do. */
export function highest(serials: readonly number[]): number {
  const rank = (serial: number): number => serials.filter((other) => other === serial || isLater(serial, other)).length;
  return serials.reduce(
    (best, serial) => ((rank(serial) - rank(best) || serial - best) > 0 ? serial : best),
    serials[0] ?? 0,
  );
}

/** What one member of the group has of a zone. Members that could not be asked are not in the list. */
export interface ZoneMember {
  readonly host: string;
  /** Inside --limit: the run may write to it. */
  readonly mayChange: boolean;
  /** Its file is exactly what we would write, whatever its serial. */
  readonly holdsContent: boolean;
  /** The serial in its file. */
  readonly serial?: number;
  /** All serials known of it: in its file, in its answers, the highest that was ever written to it. */
  readonly seen: readonly number[];
}

/**
 * The serial that this content gets on every member.
 *
 * 1. A member that holds this content already, also outside --limit, gives its serial to the others and is not touched:
 *    the same content has one serial everywhere, however many runs it takes to get there.
 * 2. Not if one of those that change has seen that serial or a later one: secondaries that follow it would not transfer a
 *    serial that does not rise, and an equal one may have stood for other content there, in a change set that was
 *    reverted. Then the content gets a new serial.
 * 3. A new serial is later than every serial that any member has seen, so that none is ever given to two contents.
 */
export function assignSerial(members: readonly ZoneMember[], today: string): number {
  const held = members.flatMap(({ holdsContent, serial }) => (holdsContent && serial !== undefined ? [serial] : []));
  const candidate = held.length === 0 ? undefined : highest(held);
  if (candidate !== undefined) {
    const changing = members.filter(
      (member) => member.mayChange && !(member.holdsContent && member.serial === candidate),
    );
    if (changing.every(({ seen }) => seen.every((serial) => isLater(candidate, serial)))) return candidate;
  }
  return nextSerial(
    members.flatMap(({ seen, serial }) => (serial === undefined ? seen : [...seen, serial])),
    today,
  );
}
