/** Exit codes: the first of 3, 130, 2, 4, 5 that applies; 1 when nothing was touched; else 0. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeOfFailure, exitCode } from '../../../src/cli/exit-code.ts';
import type { HostStatus, Summary } from '../../../src/engine/events.ts';

const NOBODY = { interrupted: false, declined: false };
const ERROR = { code: 'E_INVENTORY', message: 'm', detail: [], remedy: 'r' };

function summary(statuses: readonly HostStatus[], error?: Summary['error']): Summary {
  const hosts = Object.fromEntries(
    statuses.map((status, index) => [`ns${index}`, { status, changes: [], error: null }]),
  );
  return {
    event: 'summary',
    playbook: 'p',
    check: false,
    status: 'ok',
    durationMs: 1,
    hosts,
    ...(error === undefined ? {} : { error }),
  };
}

test.each([
  [['ok', 'changed', 'skipped'], 0],
  [['ok', 'failed'], 2],
  [['refused', 'ok'], 2],
  [['reverted'], 2],
  [['unreachable', 'ok'], 4],
  [['locked'], 5],
  [['unreachable', 'failed', 'locked'], 2],
  [['locked', 'unreachable'], 4],
  [['failed', 'unknown'], 3],
  [[], 0],
] as const)('%j ends %d', (statuses, code) => expect(exitCode(summary(statuses), NOBODY)).toBe(code));

test('interrupted is less than unknown and more than failed', () => {
  const interrupted = { interrupted: true, declined: false };
  expect(exitCode(summary(['unknown']), interrupted)).toBe(3);
  expect(exitCode(summary(['failed']), interrupted)).toBe(130);
  expect(exitCode(summary(['skipped']), interrupted)).toBe(130);
});

test('an error before any host was touched, and a question answered with no, end 1', () => {
  expect(exitCode(summary([], ERROR), NOBODY)).toBe(1);
  expect(exitCode(summary(['skipped']), { interrupted: false, declined: true })).toBe(1);
  expect(exitCode(summary(['unreachable'], ERROR), NOBODY)).toBe(4);
});

test('an error in the middle of a run is never 0, and 1 only when nothing was touched', () => {
  for (const own of [1, 2, 4] as const) expect(codeOfFailure(summary(['skipped', 'ok'], ERROR), own)).toBe(own);
  expect(codeOfFailure(summary(['changed', 'skipped'], ERROR), 1)).toBe(2);
  expect(codeOfFailure(summary(['changed', 'skipped'], ERROR), 4)).toBe(4);
  expect(codeOfFailure(summary(['reverted', 'skipped'], ERROR), 1)).toBe(2);
  expect(codeOfFailure(summary(['changed', 'unknown']), 2)).toBe(3);
  expect(codeOfFailure(summary(['changed', 'skipped'], ERROR), 130)).toBe(130);
});

test('0 means that every host is ok, changed or was left out', () => {
  const statuses = fc.array(
    fc.constantFrom<HostStatus>(
      'ok',
      'changed',
      'reverted',
      'failed',
      'refused',
      'locked',
      'unreachable',
      'unknown',
      'skipped',
    ),
  );
  fc.assert(
    fc.property(
      statuses,
      (all) =>
        (exitCode(summary(all), NOBODY) === 0) === all.every((one) => ['ok', 'changed', 'skipped'].includes(one)),
    ),
  );
});
