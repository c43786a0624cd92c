/** Whose clock is wrong, when a host's time is found wrong in its trial. */
import { describe, expect, test } from 'vitest';
import type { ProbeResult } from '../../../src/probes/types.ts';
import { blamesOwnClock, clockBase } from '../../../src/upgrade/own-clock.ts';

const failed = (...services: readonly string[]): readonly ProbeResult[] =>
  services.map((service) => ({ ok: false, service, name: service, detail: '', tookMs: 0 }));
/** Two minutes later, with the wall clock set by that meanwhile. */
const twoMinutesLater = (setMs: number): [number, number] => [
  clockBase(1e12, 5_000),
  clockBase(1e12 + 120_000 + setMs, 125_000),
];

describe('time that is wrong in a trial', () => {
  test('is ours when our clock was set meanwhile, and nothing else is wrong', () => {
    expect(blamesOwnClock(failed('ntp'), ...twoMinutesLater(90_000))).toBe(90_000);
    expect(blamesOwnClock(failed('ntp', 'ntp'), ...twoMinutesLater(-90_000))).toBe(-90_000);
  });

  test('is the release’s when our clock went on, however long it took', () => {
    expect(blamesOwnClock(failed('ntp'), ...twoMinutesLater(0))).toBeUndefined();
    expect(blamesOwnClock(failed('ntp'), ...twoMinutesLater(20)), 'slewed').toBeUndefined();
  });

  test('does not excuse what else is wrong', () => {
    expect(blamesOwnClock(failed('ntp', 'dns'), ...twoMinutesLater(90_000))).toBeUndefined();
    expect(blamesOwnClock(failed('unit'), ...twoMinutesLater(90_000))).toBeUndefined();
    expect(blamesOwnClock([], ...twoMinutesLater(90_000))).toBeUndefined();
  });
});
