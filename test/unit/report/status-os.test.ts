/** `run status --os` as people read it: deployments, updater, guard, and how the last upgrade ended. */
import { describe, expect, test } from 'vitest';
import type { HostStatusReport } from '../../../src/engine/fleet.ts';
import { osLines } from '../../../src/report/status-os-text.ts';
import { createStyle } from '../../../src/report/style.ts';
import { localMinute } from '../../../src/report/words.ts';

const AT = Date.UTC(2026, 10, 20, 21, 54);
const WHEN = localMinute(new Date(AT).toISOString());
const ZINCATI = { active: 'inactive', enabled: 'enabled', status: '', isHeldBySlot: true };

function host(more: Partial<HostStatusReport> = {}): HostStatusReport {
  const os = { id: 'fedora', version: '44.2', rollback: '44.1' };
  const base = { name: 'ns1', reached: true, os, zincati: ZINCATI, uptimeSec: 7_260, guard: 'ready', changeSet: null };
  return { ...base, ...more } as HostStatusReport;
}

/** The cells of the only host; two spaces part them. */
function cells(more: Partial<HostStatusReport> = {}): readonly string[] {
  const style = createStyle({ colour: false, columns: 300, unicode: true });
  return (osLines({ hosts: [host(more)] }, style)[1] ?? '').split(/ {2,}/);
}

describe('run status --os', () => {
  test('has a line for each host', () => {
    const lastUpgrade = { action: 'upgrade', from: '44.1', to: '44.2', state: 'confirmed', cause: '', at: AT } as const;
    expect(cells({ lastUpgrade: { ...lastUpgrade, reason: '', run: 'r', owner: 'o' } })).toEqual([
      'ns1',
      '44.2',
      '–',
      '44.1',
      '–',
      '2 h 1 min',
      'inactive',
      'ready',
      `✔ 44.2 ${WHEN}`,
    ]);
  });

  test('shows what an open upgrade has staged, pinned and held', () => {
    const shown = cells({
      os: {
        id: 'fedora',
        version: '44.2',
        pinned: ['44.2'],
        next: { version: '44.3', how: 'staged', isLocked: true },
      },
      guard: 'awake',
      changeSet: { kind: 'os' } as NonNullable<HostStatusReport['changeSet']>,
      uptimeSec: 273_600,
    });
    expect(shown.slice(1, 8)).toEqual([
      '44.2',
      '44.3 staged, locked',
      '–',
      '44.2',
      '3 d 4 h',
      'held by the upgrade',
      'awake',
    ]);
  });

  test('says why the last one went back, and why Zincati is held', () => {
    const lastUpgrade = { action: 'upgrade', from: '44.2', to: '44.3', state: 'reverted', cause: 'checks' } as const;
    const shown = cells({
      zincati: { ...ZINCATI, heldFor: '44.3' },
      lastUpgrade: { ...lastUpgrade, reason: 'x', at: AT, run: 'r', owner: 'o' },
    });
    expect(shown.slice(6)).toEqual(['held, 44.3 is denied', 'ready', `↺ 44.3 ${WHEN}: its checks were red`]);
  });

  test('tells what Zincati is at where it may update the host', () => {
    const style = createStyle({ colour: false, columns: 300, unicode: true });
    const lines = (status: string): readonly string[] =>
      osLines({ hosts: [host({ zincati: { ...ZINCATI, active: 'active', status } })] }, style).slice(1);
    const [row, words] = lines('update staged: 44.3');
    expect([row?.split(/ {2,}/)[6], words]).toEqual(['may update it', 'ns1  Zincati: update staged: 44.3']);
    const off = lines('initialization complete, auto-updates logic disabled by configuration');
    expect([off.length, off[0]?.split(/ {2,}/)[6]]).toEqual([1, 'updates off']);
    expect(cells({ zincati: { ...ZINCATI, active: 'failed' } })[6]).toBe('failed');
  });

  test('does not guess what a host did not say, and strips what it should not have said', () => {
    expect(cells({ os: null })).toEqual(['ns1', ...Array(8).fill('?')]);
    expect(cells({ uptimeSec: null, guard: null, zincati: null }).slice(5, 8)).toEqual(['?', '–', '?']);
    expect(cells({ os: { id: 'fedora', version: '44\u001b[2J.2' } })[1]).not.toContain('\u001b');
  });

  test('is a block for each host where a terminal is narrow', () => {
    const style = createStyle({ colour: false, columns: 60, unicode: true, wrap: true });
    expect(osLines({ hosts: [host()] }, style).slice(0, 2)).toEqual(['ns1', '  BOOTED        44.2']);
  });
});
