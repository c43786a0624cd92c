import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assetPath } from '../../../src/assets.ts';
import { DEFAULT_DEADLINES, GO_SECONDS, resolveDeadlines } from '../../../src/engine/run-context.ts';

describe('deadlines', () => {
  it('are the defaults where nothing else is set', () => {
    expect(resolveDeadlines()).toEqual(DEFAULT_DEADLINES);
    expect(resolveDeadlines({ leaseSec: GO_SECONDS + 1 })).toEqual({ ...DEFAULT_DEADLINES, leaseSec: GO_SECONDS + 1 });
  });

  it('refuse a lease that could run out while a host still takes go', () => {
    for (const leaseSec of [1, GO_SECONDS, Number.NaN]) {
      expect(() => resolveDeadlines({ leaseSec })).toThrow(/could run out while a host still waits for go/);
    }
  });

  it('name the figure that the host itself goes by', () => {
    const script = readFileSync(assetPath('src/host/apply.sh'), 'utf8');
    expect(/^GO_SECONDS=(\d+)$/m.exec(script)?.[1]).toBe(String(GO_SECONDS));
  });
});
