import { describe, expect, test } from 'vitest';
import type { EngineEvent, RunEvent } from '../../../src/engine/events.ts';
import { createCollector, type RunHead } from '../../../src/store/collect.ts';

const HEAD: RunHead = {
  id: '7f3a21',
  command: 'deploy-dns',
  args: ['deploy-dns'],
  startedAt: '2026-11-21T12:00:00.000Z',
  owner: 'admin@desk',
  schedule: null,
  commit: { ref: 'main@1c0f71d', dirty: false },
  version: '0.1.0',
  inventory: '/srv/dns/inventory',
  lab: null,
  check: false,
  process: { pid: 1, boot: 'x' },
};

function collected(...events: readonly EngineEvent[]) {
  const collector = createCollector();
  for (const [index, event] of events.entries())
    collector.add({ ...event, run: HEAD.id, at: `2026-11-21T12:00:0${index}.000Z` } as RunEvent);
  return collector;
}

const started: EngineEvent = {
  event: 'run-started',
  playbook: 'deploy-dns',
  check: false,
  pattern: 'dns',
  hosts: ['ns1', 'ns2'],
};
const change = { resource: 'file:/etc/a', action: 'update', diff: ['+ a'] } as const;
const probe = (ok: boolean, detail: string): EngineEvent => ({
  event: 'probe',
  host: 'ns1',
  result: { ok, service: 'dns', name: 'SOA example.com', detail, tookMs: 3 },
});

describe('the record of a run', () => {
  test('that died while it changed a host has what it was about to do', () => {
    const record = collected(
      started,
      { event: 'host-plan', host: 'ns1', changes: [change], resources: 8 },
      { event: 'host-step', host: 'ns1', step: 'staging', message: 'staging 1 file' },
    ).soFar(HEAD);
    expect(record).toMatchObject({ outcome: 'running', exit: null, endedAt: null, process: { pid: 1 } });
    expect(record.hosts.map(({ host, status, changes }) => [host, status, changes.length])).toEqual([
      ['ns1', 'running', 1],
      ['ns2', 'running', 0],
    ]);
  });

  test('keeps the failed answer and the later good one, and the failed one first', () => {
    const record = collected(
      started,
      probe(false, 'no answer'),
      probe(true, 'serial 1'),
      probe(false, 'SERVFAIL'),
    ).ended(HEAD, {
      exit: 2,
      endedAt: '2026-11-21T12:00:09.000Z',
    });
    expect(record.hosts[0]?.probes.map(({ ok, detail }) => [ok, detail])).toEqual([
      [false, 'SERVFAIL'],
      [true, 'serial 1'],
    ]);
    expect(record).toMatchObject({ outcome: 'failed', exit: 2, process: null, durationMs: 9000 });
  });

  test('adds up a host that was in two plays, and keeps the worse end', () => {
    const done = (status: 'changed' | 'ok'): EngineEvent => ({
      event: 'host-done',
      host: 'ns1',
      status,
      tookMs: 10,
      resources: 2,
      changes: status === 'changed' ? [change] : [],
      error: null,
    });
    const record = collected(started, done('changed'), done('ok')).ended(HEAD, { exit: 0, endedAt: HEAD.startedAt });
    expect(record.hosts[0]).toMatchObject({ status: 'changed', tookMs: 20, resources: 4, changes: [change] });
    expect(record.hosts[1]).toMatchObject({ host: 'ns2', status: 'skipped' });
  });

  test('takes the word of the summary for hosts whose end nobody heard', () => {
    const error = { code: 'E_X', message: 'gone', detail: [], remedy: 'Look.' };
    const record = collected(started, {
      event: 'summary',
      playbook: 'deploy-dns',
      check: false,
      status: 'failed',
      durationMs: 1200,
      hosts: { ns1: { status: 'unknown', changes: [change], error } },
    }).ended(HEAD, { exit: 3, endedAt: HEAD.startedAt });
    expect(record).toMatchObject({ outcome: 'unknown', durationMs: 1200 });
    expect(record.hosts[0]).toMatchObject({ status: 'unknown', error, changes: [change] });
  });
});
