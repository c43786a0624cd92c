/** An OS upgrade that is open is ended by other commands than a change set: whoever is told of one is told those. */
import { expect, test } from 'vitest';
import type { HostStatusReport } from '../../../src/engine/fleet.ts';
import { slotMessage } from '../../../src/engine/locked.ts';
import { heldLines, stillOpenLine } from '../../../src/report/held-text.ts';
import { statusLines } from '../../../src/report/status-text.ts';
import { createStyle } from '../../../src/report/style.ts';

const CONFIG = {
  id: '3d7f',
  kind: 'config' as const,
  state: 'applied',
  run: '7f3a',
  owner: 'admin@desk',
  deadlineInSec: 96,
};
const OS = { ...CONFIG, kind: 'os' as const };

function status(changeSet: NonNullable<HostStatusReport['changeSet']>): string {
  const host = { name: 'ns1', address: '192.0.2.11', reached: true, os: { id: 'x', version: '44.1' }, services: {} };
  const rest = { generation: 1, helper: null, lease: null, reverted: null, drift: [], undescribed: [], error: null };
  const style = createStyle({ colour: false, columns: 100, unicode: true });
  const all = { services: [], hosts: [{ ...host, ...rest, changeSet }], problems: [], notes: [] };
  return statusLines(all, { style, exit: 0, drift: false, commandLine: (words) => `run ${words} --lab` }).join('\n');
}

test('run status: it can be taken up, or ended', () => {
  expect(status(OS)).toContain(
    `! ns1  OS upgrade 3d7f of admin@desk (run 7f3a) is applied and not confirmed: the guard ends it in 1 min 36 s
  If its run is dead, it can be taken up: run upgrade --resume --lab; or it need not be waited for: run upgrade --abort --lab`,
  );
  expect(status({ ...OS, state: 'reverting' })).toContain(
    'reverting: the host is going back to the release that it had',
  );
  expect(status(CONFIG)).toContain('If its run is dead, it need not be waited for: run revert ns1 --lab');
});

test('run unlock: what ends it', () => {
  const said = (words: string): string => `run ${words}`;
  expect(stillOpenLine('ns1', OS, said)).toBe('  To end it now: run upgrade --abort');
  expect(stillOpenLine('ns1', CONFIG, said)).toBe('  To end it now: run revert ns1');
  expect(heldLines('ns1', { lease: undefined, slot: OS, reason: '' })[0]).toBe(
    'ns1 has an OS upgrade open: 3d7f of admin@desk (run 7f3a), applied',
  );
});

test('whoever wants the host meanwhile', () => {
  expect(slotMessage('ns1', OS)).toBe(
    'ns1 is in the middle of OS upgrade 3d7f of admin@desk (run 7f3a), which is applied; the guard ends it in 96 s unless it is confirmed',
  );
  expect(slotMessage('ns1', CONFIG)).toContain('in the middle of change set 3d7f');
});
