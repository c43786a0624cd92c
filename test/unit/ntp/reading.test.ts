import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MODE, type NtpPacket } from '../../../src/ntp/packet.ts';
import { apartMs, formatOffset, judgeExchange, readExchange } from '../../../src/ntp/reading.ts';
import { toNtpTimestamp } from '../../../src/ntp/timestamp.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const LIMITS = { localStratum: 10, maxOffsetMs: 1000, maxRootDistanceMs: 1500 };

const reply = (changes: Partial<NtpPacket> = {}, aheadMs = 0): NtpPacket => ({
  leap: 0,
  version: 4,
  mode: MODE.server,
  stratum: 3,
  poll: 6,
  precision: -20,
  rootDelaySec: 0.02,
  rootDispersionSec: 0.005,
  refId: 0x0a4d0101,
  reference: toNtpTimestamp(NOW - 30_000),
  origin: 1n,
  receive: toNtpTimestamp(NOW + 5 + aheadMs),
  transmit: toNtpTimestamp(NOW + 6 + aheadMs),
  ...changes,
});
const judged = (changes?: Partial<NtpPacket>, aheadMs?: number) =>
  judgeExchange({ sentMs: NOW, reply: reply(changes, aheadMs), receivedMs: NOW + 11 }, LIMITS);

describe('what an answer says of the server’s clock', () => {
  it('offset, round trip and root distance are those of RFC 5905', () => {
    const reading = readExchange({ sentMs: NOW, reply: reply({}, 250), receivedMs: NOW + 11 }, 10);
    expect(reading.offsetMs).toBeCloseTo(250, 2);
    expect(reading.delayMs).toBeCloseTo(10, 2);
    expect(reading.rootDistanceMs).toBeCloseTo(15, 5);
  });

  it('the offset is wrong by half the round trip at most, whatever the ways there and back take', () => {
    const ms = fc.double({ min: 0, max: 2000, noNaN: true });
    fc.assert(
      fc.property(ms, ms, ms, fc.double({ min: -1e6, max: 1e6, noNaN: true }), (there, busy, back, aheadMs) => {
        const reading = readExchange(
          {
            sentMs: NOW,
            reply: reply({
              receive: toNtpTimestamp(NOW + there + aheadMs),
              transmit: toNtpTimestamp(NOW + there + busy + aheadMs),
            }),
            receivedMs: NOW + there + busy + back,
          },
          10,
        );
        expect(Math.abs(reading.offsetMs - aheadMs)).toBeLessThanOrEqual((there + back) / 2 + 0.01);
        expect(Math.abs(reading.delayMs - there - back)).toBeLessThan(0.01);
      }),
    );
  });

  it('a server that follows a source passes without a warning', () => {
    expect(judged()).toMatchObject({ ok: true, detail: '+0.0 ms, stratum 3', reading: { follows: 'source' } });
    expect(judged()).not.toHaveProperty('warning');
    expect(judged({}, -0.4).detail).toBe('−0.4 ms, stratum 3');
    expect(judged({ leap: 1 }).detail).toBe('+0.0 ms, stratum 3, announces a leap second');
  });

  it.each([
    ['127.127.1.1, as chronyd says', { stratum: 10, refId: 0x7f7f0101 }],
    ['LOCL', { stratum: 5, refId: 0x4c4f434c }],
    ['a low local stratum', { stratum: 1, refId: 0x7f7f0101 }],
  ])('a server on its own clock (%s) passes, and is not called synchronised', (_title, changes) => {
    const verdict = judged(changes);
    expect(verdict).toMatchObject({ ok: true, reading: { follows: 'own-clock' } });
    expect(verdict.warning).toBe('not synchronised to a source: serves its own clock');
    expect(verdict.detail).toContain(verdict.warning);
  });

  it('who follows a server on its own clock is not called synchronised either', () => {
    expect(judged({ stratum: 11 })).toMatchObject({ ok: true, reading: { follows: 'own-clock' } });
    expect(judged({ stratum: 11 }).warning).toContain('follows a server that serves its own clock');
  });

  it.each([
    ['leap 3', { leap: 3 as const }, 'serves no time: not synchronised (leap 3, stratum 3)'],
    ['stratum 16', { stratum: 16 }, 'serves no time: not synchronised (leap 0, stratum 16)'],
    ['stratum 0', { stratum: 0, refId: 0 }, 'serves no time: not synchronised (leap 0, stratum 0)'],
    ['no transmit timestamp', { transmit: 0n }, 'serves no time: its answer has no transmit timestamp'],
    ['kiss RATE', { stratum: 0, refId: 0x52415445 }, "refuses to answer: kiss-o'-death RATE (it is asked too often)"],
    [
      'kiss DENY',
      { stratum: 0, refId: 0x44454e59 },
      "refuses to answer: kiss-o'-death DENY (this machine's address is not allowed)",
    ],
    ['kiss XYZ1', { stratum: 0, refId: 0x58595a31 }, "refuses to answer: kiss-o'-death XYZ1"],
    [
      'root distance',
      { rootDelaySec: 3, rootDispersionSec: 0.1 },
      'root distance 1.6 s, 1.5 s allowed: clients would not follow it',
    ],
  ])('%s fails', (_title, changes, detail) => {
    expect(judged(changes)).toMatchObject({ ok: false, detail });
  });

  it('a clock beyond the bound fails, in either direction, and says that either may be wrong', () => {
    expect(judged({}, 45_000)).toMatchObject({
      ok: false,
      detail: "its clock is 45.0 s ahead of this machine's, 1.0 s allowed: one of the two is wrong",
    });
    expect(judged({}, -1_500).detail).toContain('1.5 s behind');
    expect(judged({}, 990).ok).toBe(true);
    expect(judged({ stratum: 10, refId: 0x7f7f0101 }, 45_000).ok).toBe(false);
  });

  it('an offset that a slow answer alone explains does not fail', () => {
    const slow = { sentMs: NOW - 1_600, reply: reply(), receivedMs: NOW + 11 };
    expect(readExchange(slow, 10).offsetMs).toBeGreaterThan(700);
    expect(judgeExchange(slow, { ...LIMITS, maxOffsetMs: 100 }).ok).toBe(true);
    expect(judgeExchange({ ...slow, reply: reply({}, 1_000) }, { ...LIMITS, maxOffsetMs: 100 }).ok).toBe(false);
  });

  it('two servers are compared without our own clock', () => {
    const of = (aheadMs: number) => readExchange({ sentMs: NOW, reply: reply({}, aheadMs), receivedMs: NOW + 11 }, 10);
    expect(apartMs(of(3_600_000), of(3_690_000))).toBeCloseTo(90_000, 1);
  });

  it('offsets are short and signed', () => {
    expect([0.24, -0.06, -45_000, 999.9].map(formatOffset)).toEqual(['+0.2 ms', '−0.1 ms', '−45.0 s', '+999.9 ms']);
  });
});
