/** Runs for tests of the history, of reports and of notifications. */
import type { RunRecord } from '../../../src/store/record.ts';

export function runRecord(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id: '7f3a21',
    command: 'deploy-dns',
    args: ['deploy-dns', '--limit', 'dns'],
    startedAt: '2026-11-21T12:00:00.000Z',
    endedAt: '2026-11-21T12:00:03.100Z',
    durationMs: 3100,
    owner: 'admin@desk',
    schedule: null,
    commit: { ref: 'main@1c0f71d', dirty: true },
    version: '0.1.0',
    inventory: '/srv/dns/inventory',
    lab: null,
    check: false,
    outcome: 'changed',
    exit: 0,
    error: null,
    availability: {
      dns: {
        group: { asked: 612, answered: 612, longestGapMs: 0 },
        ns1: { asked: 300, answered: 299, longestGapMs: 41 },
      },
    },
    process: null,
    hosts: [
      {
        host: 'ns1',
        status: 'changed',
        tookMs: 1400,
        resources: 11,
        message: null,
        error: null,
        changes: [
          {
            resource: 'zone:example.com',
            action: 'update',
            detail: 'serial 1 → 2 (+1)',
            diff: ['+ www  A  192.0.2.80'],
            handEdit: ['- log'],
          },
        ],
        probes: [
          {
            at: '2026-11-21T12:00:02.000Z',
            ok: true,
            service: 'dns',
            name: 'SOA example.com',
            detail: 'serial 2',
            tookMs: 3,
            from: null,
          },
        ],
      },
      {
        host: 'ns2',
        status: 'ok',
        tookMs: 300,
        resources: 11,
        message: 'as described',
        error: null,
        changes: [],
        probes: [],
      },
    ],
    notes: [{ at: '2026-11-21T12:00:01.000Z', kind: 'warning', host: 'ns2', message: 'ns2: serves its own clock' }],
    ...changes,
  };
}

/** A bad change that went back, as a host with a grudge would tell it. */
export function hostileRun(evil: string): RunRecord {
  const good = runRecord();
  return runRecord({
    exit: 2,
    outcome: 'reverted',
    owner: evil,
    hosts: [
      {
        host: 'ns1',
        status: 'reverted',
        tookMs: 2100,
        resources: 11,
        message: evil,
        error: {
          code: 'E_PROBE_FAILED',
          message: `it does not answer: ${evil}`,
          detail: [evil, '```', ']]>'],
          remedy: evil,
        },
        changes: [
          { resource: `file:/etc/${evil}`, action: 'update', detail: evil, diff: [`+ ${evil}`, '+ ```', '+ ````'] },
        ],
        probes: [{ at: good.startedAt, ok: false, service: 'dns', name: evil, detail: evil, tookMs: 3, from: null }],
      },
    ],
    notes: [{ at: good.startedAt, kind: 'warning', host: null, message: evil }],
  });
}

/** Markup, mentions, links, controls and invalid code points, in one line. */
export const EVIL = `</td></details>\`x\` | <script>alert("1")</script> & @team [a](http://e.org) www.e.org *b* _c_ ]]> \u001b[2J\u202e \ud800 \uffff #1 !2 ~~d~~ \\ $x$`;
