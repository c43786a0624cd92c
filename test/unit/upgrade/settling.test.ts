/** A service that comes together with its partner after a boot: how long it may, and when it counts. */
import { describe, expect, it } from 'vitest';
import type { ProbeResult } from '../../../src/probes/types.ts';
import { failing, isTogether, ofServices, type Together } from '../../../src/upgrade/settling.ts';
import { upgradedText } from '../../../src/upgrade/words.ts';

const result = (service: string, ok: boolean, settling = false): ProbeResult => ({
  ok,
  service,
  name: `state of ${service}`,
  detail: '',
  tookMs: 1,
  ...(settling ? { settling } : {}),
});
const DNS = result('dns', true);
const WAITS = [DNS, result('dhcp', false, true)];
const SERVES = [DNS, result('dhcp', true)];
const booted = (): { together?: Together } => ({ together: { sinceMs: 1_000, services: [] } });

describe('a service that comes together with its partner', () => {
  it('does not speak against the release meanwhile; what else fails does', () => {
    const trip = booted();
    expect(failing(trip, WAITS, 1_500)).toEqual([]);
    expect(isTogether(trip)).toBe(false);
    expect(failing(trip, [result('dns', false), ...WAITS.slice(1)], 1_600)).toEqual([result('dns', false)]);
  });

  it('is together once everything passes, which took as long as is told', () => {
    const trip = booted();
    failing(trip, WAITS, 1_500);
    failing(trip, SERVES, 3_100);
    expect(isTogether(trip)).toBe(true);
    expect(ofServices(SERVES, trip)).toEqual([result('dhcp', true)]);
    expect(textOf(trip)).toBe('1 → 2 · converged · dhcp together again 2.1 s');
  });

  it('is nothing to tell of when all served at once', () => {
    const trip = booted();
    expect(failing(trip, SERVES, 1_500)).toEqual([]);
    expect(isTogether(trip)).toBe(true);
    expect(textOf(trip)).toBe('1 → 2 · converged');
  });

  it('has that time once: whoever leaves its partner again in the soak has failed', () => {
    const trip = booted();
    failing(trip, SERVES, 1_500);
    expect(failing(trip, WAITS, 4_000)).toEqual(WAITS.slice(1));
  });

  it('has failed when it took too long', () => {
    const trip = booted();
    expect(failing(trip, WAITS, 60_900)).toEqual([]);
    expect(failing(trip, WAITS, 61_100)).toEqual(WAITS.slice(1));
    expect(isTogether(trip)).toBe(false);
  });

  it('is counted from the first look on where nobody noted the boot', () => {
    const trip: { together?: Together } = {};
    expect(failing(trip, WAITS, 500_000)).toEqual([]);
    expect(trip.together).toEqual({ sinceMs: 500_000, services: ['dhcp'] });
  });
});

function textOf(trip: { together?: Together }): string {
  const release = (version: string) => ({ version });
  return upgradedText({
    ...trip,
    fromRelease: release('1'),
    release: release('2'),
    tookMs: {},
    drift: [],
    action: 'upgrade',
  });
}
