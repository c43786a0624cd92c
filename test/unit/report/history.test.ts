import { describe, expect, test } from 'vitest';
import { historyDiffLines } from '../../../src/report/history-diff-text.ts';
import { showLines } from '../../../src/report/history-show-text.ts';
import { historyLines } from '../../../src/report/history-text.ts';
import { activityWords } from '../../../src/report/status-activity.ts';
import { createStyle } from '../../../src/report/style.ts';
import type { RunLine, RunRecord } from '../../../src/store/record.ts';
import { EVIL, hostileRun, runRecord } from '../store/records.ts';

const style = createStyle({ colour: false, columns: 120, unicode: true });
const options = { style, isAlive: () => false, commandLine: (words: string) => `run ${words}` };

function line(record: RunRecord): RunLine {
  const { hosts, notes: _notes, availability: _availability, error: _error, ...rest } = record;
  return {
    ...rest,
    hosts: hosts.map(({ host, status }) => ({ host, status })),
    changes: hosts.flatMap((host) => host.changes).length,
  };
}

describe('run history', () => {
  test('is one line for each run, with what went wrong first', () => {
    const runs = [
      line(runRecord({ outcome: 'running', exit: null, durationMs: null, check: true })),
      line(runRecord({ ...hostileRun('no answer'), owner: 'admin@desk', lab: 'main', id: '7f3a22' })),
      line(runRecord({ check: true })),
    ];
    const [heads, died, reverted, foreseen] = historyLines(runs, { ...options, isCut: false, isFiltered: false });
    expect(heads).toMatch(/^RUN +WHEN +WHAT +RESULT +HOSTS +TOOK +BY$/);
    expect(died).toContain('✖ died');
    expect(reverted).toMatch(/7f3a22 .* deploy-dns \(lab\) +↺ reverted \(1\) +ns1 reverted +3\.1 s +admin@desk/);
    expect(foreseen).toContain('✔ would change (1)');
  });

  test('says so when there is nothing, or more', () => {
    expect(historyLines([], { ...options, isCut: false, isFiltered: true })).toEqual([
      'No run of the history is like that.',
    ]);
    expect(historyLines([line(runRecord())], { ...options, isCut: true, isFiltered: false }).at(-1)).toContain(
      'run history --limit 0',
    );
  });
});

describe('run history show', () => {
  test('names the probe that failed, the changes with their lines, and what it cost', () => {
    const text = showLines(hostileRun('no answer in 2 s'), { ...options, verbose: false }).join('\n');
    expect(text).toMatch(/✖ dns {2}no answer in 2 s {3}no answer in 2 s/);
    expect(text).toContain('/etc/no answer in 2 s');
    expect(text).toContain('dns of ns1 answered 299/300 · longest gap 41 ms');
    expect(text).toContain('run deploy-dns --limit dns');
  });

  test('keeps what a host said from the terminal', () => {
    const text = showLines(hostileRun(EVIL), { ...options, verbose: true }).join('\n');
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

describe('run history diff', () => {
  test('shows only in what two runs differ', () => {
    const lines = historyDiffLines(runRecord(), hostileRun('no answer'), options);
    const text = lines.join('\n');
    expect(text).toContain('exit: 0 → 2');
    expect(text).toContain('ns1: changed in 1.4 s → reverted in 2.1 s');
    expect(text).toContain('  - update zone example.com, serial 1 → 2 (+1)');
    expect(text).toContain('  + dns  no answer   no answer');
    expect(text).not.toContain('version');
    expect(historyDiffLines(runRecord(), runRecord(), options).at(-1)).toBe('Nothing else differs.');
  });
});

test('run status says what comes next and what was last, in few words', () => {
  const now = '2026-11-20T21:00:00.000Z';
  const at = new Date(2026, 10, 22, 3, 0).toISOString();
  const words = activityWords(
    {
      now,
      next: { name: 'os', command: 'upgrade', at },
      last: { ...runRecord({ outcome: 'failed', exit: 2 }), startedAt: now },
    },
    style,
  );
  expect(words[0]).toMatch(/^next: upgrade Sun 03:00 \(in 1 d( \d+ h)?\)$/);
  expect(words[1]).toMatch(/^last: deploy-dns ✖ failed \d\d:\d\d by admin@desk$/);
  expect(activityWords({}, style)).toEqual([]);
});
