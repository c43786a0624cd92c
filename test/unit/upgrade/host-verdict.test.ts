/** The host's own words about its units, as probes. */
import { describe, expect, test } from 'vitest';
import { hostVerdict } from '../../../src/upgrade/host-verdict.ts';

describe('what the guard saw', () => {
  test('is a failed probe for each unit', () => {
    const reason =
      'coredns.service is failed (exit-code); kea-dhcp4.service keeps failing (auto-restart); chronyd.service was restarted by systemd after it had failed';
    expect(hostVerdict({ cause: 'checks', reason }, 'ns2')).toEqual([
      {
        ok: false,
        service: 'unit',
        name: 'unit coredns.service',
        detail: 'is failed (exit-code)',
        tookMs: 0,
        from: 'ns2',
      },
      {
        ok: false,
        service: 'unit',
        name: 'unit kea-dhcp4.service',
        detail: 'keeps failing (auto-restart)',
        tookMs: 0,
        from: 'ns2',
      },
      {
        ok: false,
        service: 'unit',
        name: 'unit chronyd.service',
        detail: 'was restarted by systemd after it had failed',
        tookMs: 0,
        from: 'ns2',
      },
    ]);
  });

  test.each([
    ['deadline', 'coredns.service is failed (exit-code)'],
    ['checks', 'ns2 does not serve as it should on 44.1; dns  SOA example.com   no answer'],
    ['checks', ''],
  ])('is nothing when the host went back for %s: %s', (cause, reason) => {
    expect(hostVerdict({ cause, reason }, 'ns2')).toEqual([]);
  });

  test('of nobody is nothing', () => {
    expect(hostVerdict(undefined, 'ns2')).toEqual([]);
  });
});
