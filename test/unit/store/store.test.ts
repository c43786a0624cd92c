import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunNotFoundError } from '../../../src/store/errors.ts';
import { openStoreFile, type RunRecord, type Store } from '../../../src/store/index.ts';
import { runRecord } from './records.ts';

let dir = '';
let store: Store;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'coreos-infra-store-'));
  store = await openStoreFile(join(dir, 'history.db'));
});

afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

const at = (minute: number): Pick<RunRecord, 'startedAt'> => ({
  startedAt: `2026-11-21T12:${String(minute).padStart(2, '0')}:00.000Z`,
});

describe('the history', () => {
  test('gives a run back as it was put in', () => {
    const record = runRecord({ id: 'abc123' });
    store.record(record);
    expect(store.run('abc')).toEqual(record);
  });

  test('replaces what was written of a run before it had ended', () => {
    const seq = store.record(runRecord({ outcome: 'running', exit: null, endedAt: null }));
    store.record(runRecord({ outcome: 'changed' }), seq);
    store.note(seq, { at: '2026-11-21T12:00:10.000Z', kind: 'notification', host: null, message: 'told webhook x' });
    expect(store.runs()).toHaveLength(1);
    expect(store.run('7f3a21').notes.at(-1)?.message).toBe('told webhook x');
    expect(store.run('7f3a21').hosts).toHaveLength(2);
  });

  test('lists newest first, by host, command, time, schedule and failure', () => {
    store.record(runRecord({ id: '000001', ...at(1), command: 'exec', hosts: [], outcome: 'ok' }));
    store.record(runRecord({ id: '000002', ...at(2), exit: 2, outcome: 'failed' }));
    store.record(
      runRecord({ id: '000003', ...at(3), exit: null, outcome: 'running', endedAt: null, schedule: 'nightly' }),
    );
    const ids = (filter: Parameters<Store['runs']>[0]): readonly string[] => store.runs(filter).map(({ id }) => id);
    expect(ids({})).toEqual(['000003', '000002', '000001']);
    expect(ids({ host: 'ns1' })).toEqual(['000003', '000002']);
    expect(ids({ playbook: 'exec' })).toEqual(['000001']);
    expect(ids({ since: at(2).startedAt })).toEqual(['000003', '000002']);
    expect(ids({ failed: true })).toEqual(['000003', '000002']);
    expect(ids({ schedule: 'nightly' })).toEqual(['000003']);
    expect(ids({ limit: 1 })).toEqual(['000003']);
    expect(store.runs({ limit: 1 })[0]).toMatchObject({
      changes: 1,
      hosts: [
        { host: 'ns1', status: 'changed' },
        { host: 'ns2', status: 'ok' },
      ],
    });
  });

  test('says when an id is nobody’s, or that of several', () => {
    store.record(runRecord({ id: '7f3a21' }));
    store.record(runRecord({ id: '7f3b00' }));
    expect(() => store.run('9')).toThrow(RunNotFoundError);
    expect(() => store.run('')).toThrow(RunNotFoundError);
    expect(() => store.run("7' OR 1=1 --")).toThrow(RunNotFoundError);
    expect(() => store.run('7f3')).toThrow(/7f3b00/);
    expect(store.run('7f3a').id).toBe('7f3a21');
  });

  test('is pruned by age, but for the newest', () => {
    for (let minute = 1; minute <= 5; minute++) store.record(runRecord({ id: `00000${minute}`, ...at(minute) }));
    expect(store.prune({ before: at(5).startedAt, keepAtLeast: 2 })).toBe(3);
    expect(store.runs().map(({ id }) => id)).toEqual(['000005', '000004']);
    expect(() => store.run('000001')).toThrow(RunNotFoundError);
  });
});

describe('what other parts keep', () => {
  test('is read, written, listed by prefix and deleted within its own scope', () => {
    const kept = store.kept('upgrade');
    kept.set('deny ns1', { reason: 'SERVFAIL' });
    kept.set('deny_ns2', 1);
    store.kept('other').set('deny ns1', null);
    expect(kept.get('deny ns1')).toEqual({ reason: 'SERVFAIL' });
    expect(kept.list('deny ').map(({ key }) => key)).toEqual(['deny ns1']);
    expect(kept.delete('deny ns1')).toBe(true);
    expect(kept.delete('deny ns1')).toBe(false);
    expect(store.kept('other').get('deny ns1')).toBe(null);
  });

  test('is changed in one piece: what fails leaves it as it was', () => {
    const kept = store.kept('upgrade');
    expect(kept.update('n', (before) => (typeof before === 'number' ? before + 1 : 1))).toBe(1);
    expect(kept.update('n', (before) => (typeof before === 'number' ? before + 1 : 1))).toBe(2);
    expect(() =>
      kept.update('n', () => {
        throw new TypeError('no');
      }),
    ).toThrow('no');
    expect(kept.get('n')).toBe(2);
    expect(kept.update('n', () => undefined)).toBeUndefined();
    expect(kept.get('n')).toBeUndefined();
  });
});
