/** Which hosts said the same, and which group is the many. */
import { describe, expect, it } from 'vitest';
import type { HostOutcome } from '../../../src/exec/events.ts';
import { foldOutcomes, majorityOf } from '../../../src/exec/fold.ts';
import { KeptOutput } from '../../../src/exec/kept-output.ts';
import { endingOfError, endingOfResult, exitCodeOf } from '../../../src/exec/outcome.ts';
import { HostUnreachableError } from '../../../src/ssh/errors.ts';
import { outcome } from './outcomes.ts';

describe('folding', () => {
  it('joins hosts with the same stdout, stderr and exit code, and no others', () => {
    const groups = foldOutcomes([
      outcome('ns1', { stdout: 'a' }),
      outcome('ns2', { stdout: 'b' }),
      outcome('ns3', { stdout: 'a' }),
      outcome('ns4', { stdout: 'a', code: 1 }),
      outcome('ns5', { stderr: 'a' }),
      outcome('ns6', { stdout: 'a', code: 1 }),
    ]);
    expect(groups.map(({ hosts }) => hosts)).toEqual([['ns1', 'ns3'], ['ns2'], ['ns4', 'ns6'], ['ns5']]);
  });

  it('tells hosts apart that differ only where their output was cut', () => {
    const long = (middle: string): HostOutcome => {
      const kept = new KeptOutput(4, 4);
      kept.push(Buffer.from(`head${middle}tail`));
      return { ...outcome('ns1'), stdout: kept.get() };
    };
    expect(foldOutcomes([long('aaaaa'), long('bbbbb')])).toHaveLength(2);
    expect(foldOutcomes([long('aaaaa'), long('aaaaa')])).toHaveLength(1);
  });

  it('takes for the majority the largest group whose command ended, the first of equals', () => {
    const gone = { status: 'unreachable', code: null } as const;
    const outcomes = [
      outcome('a', gone),
      outcome('b', gone),
      outcome('c', gone),
      outcome('d', { stdout: 'x' }),
      outcome('e', { stdout: 'y' }),
    ];
    expect(majorityOf(foldOutcomes(outcomes))?.hosts).toEqual(['d']);
    expect(majorityOf(foldOutcomes(outcomes.slice(0, 3)))).toBeUndefined();
  });
});

describe('the end of a command', () => {
  it('is a timeout only if timeout(1) says so and the time is up', () => {
    const status = (code: number, ranMs: number, timeoutSec = 30) =>
      endingOfResult('ns1', { code }, { timeoutSec, ranMs }).status;
    expect(status(124, 30_010)).toBe('timeout');
    expect(status(137, 32_100)).toBe('timeout');
    expect(status(124, 5_000)).toBe('failed');
    expect(status(1, 30_010)).toBe('failed');
    expect(status(137, 99_000, 0)).toBe('failed');
    expect(status(0, 30_010)).toBe('ok');
  });

  it('gives the exit code of the worst that happened', () => {
    const lost = endingOfError(new HostUnreachableError('x', { reason: 'timeout', remedy: 'y' })).status;
    const code = (...statuses: HostOutcome['status'][]) => exitCodeOf(statuses.map((status) => ({ status })));
    expect(code('ok', 'ok')).toBe(0);
    expect(code('ok', 'locked')).toBe(5);
    expect(code('locked', lost, 'ok')).toBe(4);
    expect(code('locked', lost, 'timeout')).toBe(2);
    expect(code('failed', 'interrupted')).toBe(130);
  });
});
