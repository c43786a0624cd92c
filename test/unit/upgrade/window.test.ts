/** Maintenance windows: by the clock on the wall, also where that clock is changed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOpen, mayBegin, openingAt, parseWindow, windowText } from '../../../src/upgrade/window.ts';

const at = (text: string): number => Date.parse(text);
const sunday = parseWindow({ zone: 'Europe/Berlin', days: ['Sun'], start: '03:00', end: '05:00' });

describe('a window', () => {
  test('is open from its first minute to the one before its end', () => {
    expect(isOpen(sunday, at('2026-11-22T01:59:59Z'))).toBe(false);
    expect(isOpen(sunday, at('2026-11-22T02:00:00Z'))).toBe(true);
    expect(isOpen(sunday, at('2026-11-22T03:59:59Z'))).toBe(true);
    expect(isOpen(sunday, at('2026-11-22T04:00:00Z'))).toBe(false);
    expect(isOpen(sunday, at('2026-11-21T02:30:00Z'))).toBe(false);
  });

  test('that goes on after midnight belongs to the day on which it begins', () => {
    const night = parseWindow({ zone: 'Europe/Berlin', days: ['Sat'], start: '23:00', end: '01:30' });
    expect(isOpen(night, at('2026-11-21T22:00:00Z'))).toBe(true);
    expect(isOpen(night, at('2026-11-22T00:29:00Z'))).toBe(true);
    expect(isOpen(night, at('2026-11-22T00:30:00Z'))).toBe(false);
    expect(isOpen(night, at('2026-11-20T23:30:00Z'))).toBe(false);
    expect(windowText(night)).toBe('Sat 23:00–01:30 Europe/Berlin');
  });

  test('loses what the change to summer time skips', () => {
    // 29 March 2026: 02:00 CET is 03:00 CEST.
    const early = parseWindow({ zone: 'Europe/Berlin', start: '01:30', end: '03:30' });
    expect(isOpen(early, at('2026-03-29T00:59:00Z'))).toBe(true);
    expect(openingAt([early], at('2026-03-29T00:30:00Z')).closesAtMs).toBe(at('2026-03-29T01:30:00Z'));
    const skipped = parseWindow({ zone: 'Europe/Berlin', days: ['Sun'], start: '02:10', end: '02:50' });
    expect(openingAt([skipped], at('2026-03-28T12:00:00Z')).opensAtMs).toBe(at('2026-04-05T00:10:00Z'));
  });

  test('is open twice in the hour that the change to winter time repeats', () => {
    // 25 October 2026: 03:00 CEST is 02:00 CET.
    const repeated = parseWindow({ zone: 'Europe/Berlin', start: '02:15', end: '02:45' });
    for (const open of ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z']) expect(isOpen(repeated, at(open))).toBe(true);
    expect(isOpen(repeated, at('2026-10-25T00:50:00Z'))).toBe(false);
    const whole = parseWindow({ zone: 'Europe/Berlin', start: '02:00', end: '03:00' });
    expect(openingAt([whole], at('2026-10-25T00:00:00Z')).closesAtMs).toBe(at('2026-10-25T02:00:00Z'));
  });

  test('lets nothing begin that would not be over in time', () => {
    const needs = (minutes: number): unknown => mayBegin([sunday], at('2026-11-22T03:30:00Z'), minutes * 60_000);
    expect(needs(30)).toEqual({ allowed: true, closesAtMs: at('2026-11-22T04:00:00Z') });
    expect(needs(31)).toEqual({ allowed: false, why: 'too-late', closesAtMs: at('2026-11-22T04:00:00Z') });
    expect(mayBegin([sunday], at('2026-11-21T12:00:00Z'), 0)).toEqual({
      allowed: false,
      why: 'closed',
      opensAtMs: at('2026-11-22T02:00:00Z'),
    });
  });

  test('none is always open, and two that follow on each other are one', () => {
    expect(mayBegin([], 0, 1e9)).toEqual({ allowed: true });
    const two = [parseWindow({ start: '03:00', end: '04:00' }), parseWindow({ start: '04:00', end: '05:00' })];
    expect(openingAt(two, at('2026-11-22T03:10:00Z')).closesAtMs).toBe(at('2026-11-22T05:00:00Z'));
  });

  test.each([
    [{ zone: 'Europe/Berlim', start: '03:00', end: '05:00' }, /Berlim.*not a time zone/, /Did you mean Europe\/Berlin/],
    [{ start: '3', end: '05:00' }, /not a time of day/, /hh:mm/],
    [{ start: '24:00', end: '05:00' }, /not a time of day/, /hh:mm/],
    [{ start: '03:60', end: '05:00' }, /not a time of day/, /hh:mm/],
    [{ start: '03:00', end: '03:00' }, /is empty/, /end at another time/],
    [{ start: '03:00', end: '05:00', days: [] }, /no days/, /Sun/],
  ])('%j is refused with what to do', (input, message, remedy) => {
    expect(() => parseWindow(input)).toThrow(message);
    try {
      parseWindow(input);
    } catch (error) {
      expect((error as { remedy: string }).remedy).toMatch(remedy);
    }
  });

  test('that says when it opens is open then, and not a minute before', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia'];
    const time = fc
      .integer({ min: 0, max: 1439 })
      .map((minute) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`);
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        time,
        time,
        fc.date({ min: new Date('2026-01-01'), max: new Date('2027-12-31'), noInvalidDate: true }),
        (zone, start, end, when) => {
          fc.pre(start !== end);
          const window = parseWindow({ zone, start, end });
          const { open, opensAtMs, closesAtMs } = openingAt([window], when.getTime());
          expect(open).toBe(isOpen(window, when.getTime()));
          const turn = open ? closesAtMs : opensAtMs;
          if (turn === undefined) return;
          expect(isOpen(window, turn)).toBe(!open);
          expect(isOpen(window, turn - 60_000)).toBe(
            turn - 60_000 < when.getTime() ? isOpen(window, turn - 60_000) : open,
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
