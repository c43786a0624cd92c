/** The summary of a run that was aborted at once. */
import { expect, test } from 'vitest';
import type { EngineEvent } from '../../../src/engine/events.ts';
import { abortedSummary, isUntouched } from '../../../src/report/abort.ts';
import { createStream } from '../../../src/report/stream.ts';
import { eventsOf, ZONE_CHANGES } from './events.ts';

const ERROR = { code: 'E_CANCELLED', message: 'aborted at once', detail: [], remedy: 'r' };

function summaryAfter(events: readonly EngineEvent[]) {
  const stream = createStream('7f3a', []);
  for (const event of events) stream.emit(event);
  return abortedSummary({ view: stream.view(), playbook: 'deploy-dns', check: false, durationMs: 5, error: ERROR });
}

test('a host that was being changed is unknown, a done one keeps its end, the next was not begun', () => {
  const all = eventsOf({
    hosts: { ns1: { status: 'changed', changes: ZONE_CHANGES }, ns2: { status: 'ok' }, ns3: { status: 'ok' } },
  });
  const events = all.filter(
    (event) => event.event !== 'summary' && (event.event !== 'host-done' || event.host === 'ns1'),
  );
  const summary = summaryAfter([...events, { event: 'host-step', host: 'ns2', step: 'swap', message: 'swap' }]);
  expect(summary.hosts).toMatchObject({
    ns1: { status: 'changed' },
    ns2: { status: 'unknown', error: ERROR },
    ns3: { status: 'skipped' },
  });
  expect(summary.error).toBeUndefined();
  expect(summary.status).toBe('failed');
});

test('an error between two hosts is of the run: nobody else has it', () => {
  const all = eventsOf({ hosts: { ns1: { status: 'changed', changes: ZONE_CHANGES }, ns2: { status: 'ok' } } });
  const events = all.filter((event) => event.event !== 'summary' && (!('host' in event) || event.host !== 'ns2'));
  const summary = summaryAfter(events);
  expect(summary).toMatchObject({ hosts: { ns1: { status: 'changed' }, ns2: { status: 'skipped' } }, error: ERROR });
  expect([isUntouched(summary), isUntouched(summaryAfter([]))]).toEqual([false, true]);
});

test('when no host was begun the error is of the whole run', () => {
  expect(summaryAfter([])).toMatchObject({ playbook: 'deploy-dns', hosts: {}, error: ERROR });
});

test('a listener that fails does not stop the run, and is reported at its end', async () => {
  const seen: string[] = [];
  const broken = {
    onEvent: () => {
      throw new Error('broken pipe of thought');
    },
    close: async () => {},
  };
  const stream = createStream('7f3a', [
    broken,
    { onEvent: (event) => void seen.push(`${event.event} ${event.run}`), close: async () => {} },
  ]);
  for (const event of eventsOf({ hosts: { ns1: { status: 'ok' } } })) stream.emit(event);
  expect(seen.at(-1)).toBe('summary 7f3a');
  await expect(stream.close(0)).rejects.toThrow('broken pipe of thought');
});
