/** What `run status` makes of a host's deployments, its updater and its clock. */
import { describe, expect, test } from 'vitest';
import {
  clockOf,
  guardOf,
  lastUpgradeOf,
  machineOf,
  osStateOf,
  zincatiStateOf,
} from '../../../src/engine/status-os.ts';
import type { OsDeployment, OsLook, OsPast } from '../../../src/host/os-look.ts';
import { clockIsOff, osCell } from '../../../src/report/status-cells.ts';
import { createStyle } from '../../../src/report/style.ts';

const FACTS = { osId: 'fedora', osVersion: '44.1' };
const style = createStyle({ colour: false, columns: 100, unicode: true });

function deployment(version: string, more: Partial<OsDeployment> = {}): OsDeployment {
  return {
    name: `${version}.0`,
    osname: 'fedora-coreos',
    checksum: version,
    serial: 0,
    index: 0,
    booted: false,
    staged: false,
    pinned: false,
    locked: false,
    version,
    timestamp: 0,
    refspec: undefined,
    image: undefined,
    baseChecksum: version,
    layered: [],
    unlocked: 'none',
    ...more,
  };
}

/** Only what is read here. */
function look(deployments: readonly OsDeployment[], more: Partial<OsLook> = {}): OsLook {
  const zincati = { active: 'active', enabled: 'enabled', status: 'polling', isHeldBySlot: false };
  return {
    deployments,
    failure: [],
    zincati,
    finalizeFailure: undefined,
    reconcileFailure: undefined,
    ...more,
  } as OsLook;
}

const booted = deployment('44.1', { booted: true, index: 0 });

describe('the OS of a host', () => {
  const cell = (state: ReturnType<typeof osStateOf>): string =>
    osCell({ os: state } as Parameters<typeof osCell>[0], style);

  test('is the one that runs, when the next boot brings the same', () => {
    const state = osStateOf(FACTS, look([booted, deployment('43.9', { index: 1, pinned: true })]));
    expect(state).toEqual({ id: 'fedora', version: '44.1', checksum: '44.1', rollback: '43.9', pinned: ['43.9'] });
    expect(cell(state)).toBe('44.1');
  });

  test('is shown with what is staged', () => {
    const state = osStateOf(FACTS, look([deployment('44.2', { staged: true, locked: true }), { ...booted, index: 1 }]));
    expect(state.next).toEqual({ version: '44.2', how: 'staged', isLocked: true });
    expect(cell(state)).toBe('44.1 → 44.2 staged');
  });

  test('is shown with the default entry of the boot menu, when that is another', () => {
    const state = osStateOf(FACTS, look([deployment('43.9', { index: 0 }), { ...booted, index: 1 }]));
    expect(cell(state)).toBe('44.1 → 43.9 at next boot');
    expect(state.rollback, 'it is not behind the one that runs').toBeUndefined();
  });

  test('has as its way back the next one of the same system', () => {
    const others = [
      deployment('43.8', { index: 3 }),
      deployment('43.9', { index: 2 }),
      deployment('1', { index: 1, osname: 'x' }),
    ];
    expect(osStateOf(FACTS, look([booted, ...others])).rollback).toBe('43.9');
  });

  test('is what os-release says where there is no ostree, or nobody answers', () => {
    expect(osStateOf(FACTS, undefined)).toEqual({ id: 'fedora', version: '44.1' });
    expect(osStateOf(FACTS, look([]))).toEqual({ id: 'fedora', version: '44.1' });
  });
});

test('Zincati is nothing where there is no such unit', () => {
  expect(zincatiStateOf(undefined)).toBeNull();
  expect(
    zincatiStateOf(look([], { zincati: { active: '', enabled: '', status: '', isHeldBySlot: false } })),
  ).toBeNull();
  expect(zincatiStateOf(look([booted]))).toMatchObject({ active: 'active', isHeldBySlot: false });
  const zincati = { active: 'inactive', enabled: 'enabled', status: '', isHeldBySlot: true, heldFor: '44.2' };
  expect(zincatiStateOf(look([booted], { zincati }))).toEqual(zincati);
});

describe('the clock of a host', () => {
  test('is compared with the middle of asking, and as exact as the way there', () => {
    expect(clockOf('1700000001500\n', 1_700_000_000_000, 1_700_000_000_100)).toEqual({ offsetMs: 1450, withinMs: 50 });
    expect(clockOf('not a number', 0, 10)).toBeUndefined();
    expect(clockOf('', 0, 10)).toBeUndefined();
  });

  test.each([
    [{ offsetMs: 900, withinMs: 100 }, true],
    [{ offsetMs: -900, withinMs: 100 }, true],
    [{ offsetMs: 900, withinMs: 600 }, false],
    [{ offsetMs: 100, withinMs: 1 }, false],
    [null, false],
  ])('%j is off: %j', (clock, isOff) => {
    expect(clockIsOff({ clock } as Parameters<typeof clockIsOff>[0])).toBe(isOff);
  });
});

describe('the last upgrade of a host', () => {
  const past = (state: string, more: Partial<OsPast> = {}): OsPast =>
    ({
      action: 'upgrade',
      fromVersion: '44.1',
      toVersion: '44.2',
      state,
      cause: '',
      reason: '',
      atMs: 1,
      run: 'r',
      owner: 'o',
      ...more,
    }) as OsPast;

  test('is the newest one that ended', () => {
    const ended = look([booted], {
      past: [past('confirmed'), past('reverted', { toVersion: '44.3', cause: 'checks' })],
    });
    expect(lastUpgradeOf(ended)).toEqual({
      action: 'upgrade',
      from: '44.1',
      to: '44.3',
      state: 'reverted',
      cause: 'checks',
      reason: '',
      at: 1,
      run: 'r',
      owner: 'o',
    });
    expect(lastUpgradeOf(look([booted], { past: [] }))).toBeNull();
    expect(lastUpgradeOf(undefined)).toBeNull();
  });
});

describe('the boot and the guard', () => {
  test('are read from what systemd says, and nothing is guessed', () => {
    expect(machineOf('42\nactive\ninactive\n')).toEqual({ uptimeSec: 42, isWaiting: true, isAwake: false });
    expect(machineOf('42\nactive\nactivating\n')).toEqual({ uptimeSec: 42, isWaiting: true, isAwake: false });
    expect(machineOf('42\n')).toBeUndefined();
    expect(machineOf('-1\nactive\nactive\n')).toBeUndefined();
  });

  test('the guard is ready, awake, off, or was never installed', () => {
    const machine = { uptimeSec: 1, isWaiting: true, isAwake: false };
    expect(guardOf('a1', machine)).toBe('ready');
    expect(guardOf('a1', { ...machine, isAwake: true })).toBe('awake');
    expect(guardOf('a1', { ...machine, isWaiting: false })).toBe('off');
    expect(guardOf('', { ...machine, isWaiting: false })).toBe('none');
    expect(guardOf('a1', undefined)).toBeNull();
  });
});
