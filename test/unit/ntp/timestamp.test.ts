import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toNtpTimestamp, toUnixMs } from '../../../src/ntp/timestamp.ts';

describe('NTP timestamps', () => {
  it('begin in 1900', () => {
    expect(toNtpTimestamp(Date.UTC(1970, 0, 1))).toBe(2_208_988_800n << 32n);
    expect(toNtpTimestamp(Date.UTC(1970, 0, 1) + 500) & 0xffff_ffffn).toBe(0x8000_0000n);
  });

  it('wrap on 7 February 2036 and are read in the era of the reader', () => {
    const wrap = Date.UTC(2036, 1, 7, 6, 28, 16);
    expect(toNtpTimestamp(wrap)).toBe(0n);
    expect(toUnixMs(toNtpTimestamp(wrap + 60_000), wrap - 60_000)).toBe(wrap + 60_000);
    expect(toUnixMs(toNtpTimestamp(wrap - 60_000), wrap + 60_000)).toBe(wrap - 60_000);
  });

  it('come back to the microsecond, as long as the reader’s clock is less than 68 years wrong', () => {
    const time = fc.double({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2150, 0, 1), noNaN: true });
    const wrong = fc.double({ min: -2e12, max: 2e12, noNaN: true });
    fc.assert(
      fc.property(time, wrong, (ms, wrongMs) => {
        expect(Math.abs(toUnixMs(toNtpTimestamp(ms), ms + wrongMs) - ms)).toBeLessThan(0.001);
      }),
    );
  });
});
