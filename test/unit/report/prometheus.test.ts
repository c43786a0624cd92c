/** `run status --prometheus`: read back by a strict reader of the text format, and by promtool where it is installed. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { FleetStatus } from '../../../src/engine/fleet.ts';
import { prometheusText } from '../../../src/report/status-prometheus.ts';
import { EVIL, runRecord } from '../store/records.ts';
import { parseExposition } from './exposition.ts';

const host = {
  name: 'ns"1\\',
  address: '192.0.2.11',
  reached: true,
  os: { id: 'fedora', version: '44', next: { version: '45', how: 'staged', isLocked: false } },
  zincati: { active: 'active', enabled: 'enabled', status: '', isHeldBySlot: true },
  clock: { offsetMs: -1500, withinMs: 3 },
  generation: 4,
  helper: null,
  services: {
    dns: {
      state: 'serves',
      deployed: true,
      playbook: 'deploy-dns',
      zones: { answering: 3, asked: 3 },
      failed: [],
      warnings: [],
    },
    ntp: { state: 'not-in-service', deployed: false, playbook: 'deploy-ntp', failed: [], warnings: [] },
  },
  changeSet: null,
  lease: null,
  reverted: null,
  drift: [],
  undescribed: [],
  error: null,
} as const;

function metrics(
  over: Partial<FleetStatus> = {},
  activity: Parameters<typeof prometheusText>[1]['activity'] = {},
): string {
  const hosts = [host, { ...host, name: 'ns2', reached: false, os: null }];
  const status: FleetStatus = { services: ['dns', 'ntp'], hosts, problems: [], notes: [], ...over };
  return prometheusText(status, { exit: 4, nowMs: 1_700_000_000_000, activity });
}

/** Everything that there can be at once, under names that mean something to the format. */
function everything(): string {
  const os = { id: EVIL, version: EVIL, next: { version: 'a\nb', how: 'staged', isLocked: false } } as const;
  const ntp = {
    ...host.services.dns,
    state: 'fails',
    failed: [{ name: EVIL, detail: EVIL }],
    time: { stratum: 3, offsetMs: -0.00025, rootDelayMs: 1, rootDispersionMs: 1 },
  } as unknown as FleetStatus['hosts'][number]['services'][string];
  const hosts = [
    { ...host, os, services: { ...host.services, ntp } },
    { ...host, name: EVIL },
  ];
  const at = '2026-11-22T03:00:00.000Z';
  return metrics({ hosts }, { last: runRecord({ command: EVIL, exit: 2 }), next: { name: EVIL, command: EVIL, at } });
}

describe('metrics', () => {
  test('are in the text format: each name once with help and type, names and labels as Prometheus wants them', () => {
    for (const text of [metrics(), everything(), metrics({ hosts: [], services: [] })]) {
      const families = parseExposition(text);
      expect(families.size).toBeGreaterThan(4);
      for (const [name, { type, samples }] of families) {
        expect(name).toMatch(/^coreos_infra_[a-z_]+$/);
        expect(name).not.toMatch(/_total$|_ms$|_count$/);
        expect([name, type, samples.length > 0]).toEqual([name, 'gauge', true]);
      }
    }
    expect(parseExposition(everything()).get('coreos_infra_service_ntp_offset_seconds')?.samples).toEqual([
      { labels: { host: 'ns"1\\', service: 'ntp' }, value: -2.5e-7 },
    ]);
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  if (!promtool) process.stderr.write('prometheus.test.ts: no promtool here; the strict reader is asked alone\n');

  test.skipIf(!promtool).each([metrics(), everything()])('please promtool (%#)', (input) => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  test('say what was seen, and nothing of what was not', () => {
    expect(metrics()).toContain(
      'coreos_infra_host_reached{host="ns\\"1\\\\"} 1\ncoreos_infra_host_reached{host="ns2"} 0\n',
    );
    expect(metrics()).toContain('coreos_infra_host_clock_offset_seconds{host="ns\\"1\\\\"} -1.5\n');
    expect(metrics()).toContain('version="44",next="45"} 1');
    expect(metrics()).toContain('coreos_infra_host_zincati_active{host="ns\\"1\\\\"} 1\n');
    expect(metrics()).not.toMatch(/service_serving\{[^}]*service="ntp"/);
    expect(metrics()).not.toMatch(/host_generation\{host="ns2"/);
    expect(metrics()).toContain(
      'coreos_infra_status_exit_code 4\ncoreos_infra_status_timestamp_seconds 1700000000\n'.split('\n')[0] ?? '',
    );
  });
});

describe('the reader of the tests', () => {
  const head = '# HELP a b\n# TYPE a gauge\n';
  test.each([
    'a 1\n',
    '# TYPE a gauge\na 1\n',
    `${head}a 1`,
    `${head}a 1\na 2\n`,
    `${head}a 1 1700000000000\n`,
    `${head}a{b="c"d="e"} 1\n`,
    `${head}a{b="\\x"} 1\n`,
    `${head}a{b="c",b="d"} 1\n`,
    `${head}a{__name__="c"} 1\n`,
    `${head}a undefined\n`,
    `${head}a Infinity\n`,
    `${head}b 1\n`,
    `${head}a 1\n\n`,
    `${head}a 1\r\n`,
    `${head}${head}`,
    '# HELP a b\n# TYPE a bauge\n',
  ])('takes no %j', (text) => {
    expect(() => parseExposition(text)).toThrow();
  });
});
