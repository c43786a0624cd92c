import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSerial, highest, increment, isLater, nextSerial, type ZoneMember } from '../../../src/dns/serials.ts';

const serial = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const today = '20261120';

describe('RFC 1982 arithmetic', () => {
  it.each([
    [1, 0, true],
    [0, 1, false],
    [0, 0, false],
    [0, 2 ** 32 - 1, true],
    [44, 0, true],
    [2 ** 31 - 1, 0, true],
    [2 ** 31, 0, false],
    [0, 2 ** 31, false],
    [2026112001, 4294967295, true],
  ])('%i is later than %i: %s', (a, b, expected) => {
    expect(isLater(a, b)).toBe(expected);
  });

  it('never calls two serials later than each other', () => {
    fc.assert(
      fc.property(serial, serial, (a, b) => {
        expect(isLater(a, b) && isLater(b, a)).toBe(false);
      }),
    );
  });

  it('an increment is later, and never 0', () => {
    fc.assert(
      fc.property(serial, (a) => {
        expect(isLater(increment(a), a)).toBe(true);
        expect(increment(a)).not.toBe(0);
      }),
    );
    expect(increment(2 ** 32 - 1)).toBe(1);
  });

  it('the highest of serials in one half of the circle outdoes or equals all of them', () => {
    const cluster = fc
      .tuple(serial, fc.array(fc.nat(2 ** 30), { minLength: 1, maxLength: 8 }))
      .map(([base, steps]) => steps.map((step) => (base + step) % 2 ** 32));
    fc.assert(
      fc.property(cluster, (serials) => {
        const top = highest(serials);
        expect(serials.every((one) => one === top || isLater(top, one))).toBe(true);
      }),
    );
  });
});

describe('the next serial', () => {
  it.each([
    [[], 2026112001],
    [[1], 2026112001],
    [[2026111955], 2026112001],
    [[2026112001], 2026112002],
    [[2026112007, 2026112003], 2026112008],
    [[2026112099], 2026112100],
    [[2026112150], 2026112151],
    [[1763596800], 2026112001],
    [[2 ** 32 - 1], 2026112001],
    [[4000000000], 4000000001],
  ])('after %j is %i', (known, expected) => {
    expect(nextSerial(known, today)).toBe(expected);
  });

  it('outdoes every serial that is known, wherever they stand in half the circle', () => {
    const cluster = fc
      .tuple(serial, fc.array(fc.nat(2 ** 30), { maxLength: 8 }))
      .map(([base, steps]) => steps.map((step) => (base + step) % 2 ** 32));
    fc.assert(
      fc.property(cluster, (known) => {
        const next = nextSerial(known, today);
        expect(next).toBeGreaterThan(0);
        expect(known.every((one) => isLater(next, one))).toBe(true);
      }),
    );
  });

  it('refuses what is no day', () => {
    expect(() => nextSerial([], '2026-11-20')).toThrow('not a day');
  });
});

describe('the serial of a group', () => {
  const member = (host: string, more: Partial<ZoneMember>): ZoneMember => ({
    host,
    mayChange: true,
    holdsContent: false,
    seen: more.serial === undefined ? [] : [more.serial],
    ...more,
  });

  it('is today’s first for a zone that nobody has', () => {
    expect(assignSerial([member('ns1', {}), member('ns2', {})], today)).toBe(2026112001);
  });

  it('rises above all members for changed content', () => {
    expect(assignSerial([member('ns1', { serial: 2026112001 }), member('ns2', { serial: 2026112003 })], today)).toBe(
      2026112004,
    );
  });

  it('is taken over from a member that holds the content, also one that must not change', () => {
    const members = [
      member('ns1', { serial: 2026111901 }),
      member('ns2', { serial: 2026112002, holdsContent: true, mayChange: false }),
    ];
    expect(assignSerial(members, today)).toBe(2026112002);
  });

  it('is a new one when who changes has seen that serial or a later one', () => {
    const holder = member('ns2', { serial: 2026112002, holdsContent: true });
    expect(assignSerial([member('ns1', { serial: 2026112002 }), holder], today)).toBe(2026112003);
    expect(assignSerial([member('ns1', { serial: 2026111901, seen: [2026111901, 2026112005] }), holder], today)).toBe(
      2026112006,
    );
  });

  it('is the higher one when two hold the content with different serials', () => {
    const members = [
      member('ns1', { serial: 2026112001, holdsContent: true }),
      member('ns2', { serial: 2026112002, holdsContent: true }),
    ];
    expect(assignSerial(members, today)).toBe(2026112002);
  });

  it('counts serials that a reverted change set wrote', () => {
    expect(assignSerial([member('ns1', { serial: 2026112001, seen: [2026112001, 2026112002] })], today)).toBe(
      2026112003,
    );
  });

  const members = fc
    .tuple(
      serial,
      fc.array(
        fc.record({
          steps: fc.array(fc.nat(1000), { maxLength: 4 }),
          mayChange: fc.boolean(),
          holdsContent: fc.boolean(),
        }),
        { minLength: 1, maxLength: 5 },
      ),
    )
    .map(([base, all]) =>
      all.map(({ steps, mayChange, holdsContent }, i): ZoneMember => {
        const seen = steps.map((step) => (base + step) % 2 ** 32 || 1);
        const last = seen.at(-1);
        return {
          host: `ns${i}`,
          mayChange,
          holdsContent: holdsContent && last !== undefined,
          seen,
          ...(last === undefined ? {} : { serial: last }),
        };
      }),
    );

  it('is never one that stood, or may have stood, for other content on a member that changes', () => {
    fc.assert(
      fc.property(members, (all) => {
        const given = assignSerial(all, today);
        for (const one of all.filter(
          ({ mayChange, holdsContent, serial: has }) => mayChange && !(holdsContent && has === given),
        )) {
          expect(one.seen.every((seen) => isLater(given, seen))).toBe(true);
        }
      }),
    );
  });

  it('settles: once everybody who may change has it, the next run changes nobody', () => {
    fc.assert(
      fc.property(members, (all) => {
        const given = assignSerial(all, today);
        const after = all.map((one) =>
          one.mayChange ? { ...one, holdsContent: true, serial: given, seen: [...one.seen, given] } : one,
        );
        fc.pre(after.some(({ mayChange }) => mayChange));
        expect(assignSerial(after, '20261121')).toBe(given);
      }),
    );
  });
});
