import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Host } from '../../../src/inventory/model.ts';
import { defineUpgrade } from '../../../src/upgrade/define.ts';
import type { RunUpgradeInput } from '../../../src/upgrade/run-upgrade.ts';
import { settingsFor } from '../../../src/upgrade/settings.ts';
import type { FakeOsHost } from './fake-os-host.ts';
import { release } from './graphs.ts';
import { expectCalm, states, World } from './world.ts';

describe.concurrent('a roll-out', { timeout: 90_000 }, () => {
  test('takes both hosts, the last of the inventory first, and remembers how long it took', async () => {
    const world = new World();
    const summary = await world.upgrade();
    expect(states(summary)).toBe('changed changed');
    expect(world.versions).toBe('new new');
    expect(
      world.events.filter(({ event }) => event === 'host-done').map((event) => 'host' in event && event.host),
    ).toEqual(['ns2', 'ns1']);
    expect(world.memory.lastTime('ns1')).toMatchObject({ version: 'new' });
    expect(world.memory.unfinished()).toBeUndefined();
    expectCalm(world);
  });

  test('a second time changes nothing and takes no lease', async () => {
    const world = new World();
    await world.upgrade();
    for (const one of world.hosts.values()) one.log.length = 0;
    expect(states(await world.upgrade())).toBe('ok ok');
    expect(
      [...world.hosts.values()].flatMap(({ log }) => log).filter((verb) => !['os_look', 'os_resolve'].includes(verb)),
    ).toEqual([]);
  });

  test('with --check says what it would do, and does nothing', async () => {
    const world = new World();
    const summary = await world.upgrade({}, { check: true });
    expect(states(summary)).toBe('changed changed');
    expect(summary.hosts['ns1']?.changes).toEqual([
      { resource: 'os:fedora-coreos', action: 'update', detail: 'old → new' },
    ]);
    expect(world.of('ns1').log.filter((verb) => !['os_look', 'os_resolve'].includes(verb))).toEqual([]);
  });

  test.each([['os_open'], ['os_stage'], ['os_go'], ['confirm'], ['os_deadline']])(
    'goes on when the answer to %s is lost',
    async (verb) => {
      const world = new World();
      world.of('ns2').fault = { verb, kind: 'lost' };
      const summary = await world.upgrade();
      // An opening of which nobody knows how far it came is ended; everything else is found out.
      expect(states(summary)).toBe(verb === 'os_open' ? 'skipped failed' : 'changed changed');
      expectCalm(world);
    },
  );

  test('does not call a host untouched that dies while its upgrade is opened: it is asked again', async () => {
    const world = new World();
    const host = world.of('ns2');
    host.fault = { verb: 'os_open', kind: 'lost' };
    host.onVerb = (verb) => {
      if (verb !== 'os_open') return;
      host.isUp = false;
      setTimeout(() => Object.assign(host, { isUp: true }), 1_500);
    };
    const summary = await world.upgrade();
    expect(states(summary)).toBe('skipped failed');
    expect(summary.hosts['ns2']?.error).toMatchObject({ code: 'E_UPGRADE_ABANDONED' });
    expect(world.versions).toBe('old old');
    expectCalm(world);
  });

  test.each([['os_open'], ['os_stage'], ['os_go']])(
    'stops when the host refuses %s: it never left its release',
    async (verb) => {
      const world = new World();
      world.of('ns2').fault = { verb, kind: 'refused' };
      const summary = await world.upgrade();
      expect(states(summary)).toBe(verb === 'os_open' ? 'skipped refused' : 'skipped failed');
      expect([world.versions, world.of('ns2').boots]).toEqual(['old old', 1]);
      expect(world.memory.denied()).toEqual([]);
      expectCalm(world);
    },
  );

  test('goes back when the controller’s probes are red, and denies the release on every host and here', async () => {
    const world = new World();
    world.of('ns2').breaks = true;
    // The probes are given a minute after a boot: the host’s own guard is quicker.
    world.of('ns2').guards = true;
    const summary = await world.upgrade();
    expect(states(summary)).toBe('skipped reverted');
    expect(summary.hosts['ns2']?.error).toMatchObject({
      code: 'E_ROLLED_BACK',
      message: expect.stringContaining('web.service is failed'),
    });
    // Whether or not the controller came to ask before the host was back: the host's own word counts.
    expect(
      world.events.flatMap((event) => (event.event === 'probe' && event.result.from === 'ns2' ? [event] : [])),
    ).toMatchObject([{ host: 'ns2', result: { ok: false, name: 'unit web.service' } }]);
    expect(world.of('ns1').denied.length).toBe(1);
    await expect(world.upgrade()).rejects.toThrow('new is on the deny list: ns2 went back from it');
    expectCalm(world);
  });

  test('goes back from a service that dies in the soak, and tells which probe it was', async () => {
    const world = new World();
    const host = world.of('ns2');
    // The deadline is moved in staging, trial and soak.
    let moved = 0;
    host.onVerb = (verb) => {
      if (verb === 'os_deadline' && ++moved === 3) host.unit = 'failed';
      if (verb === 'os_revert') host.unit = 'active';
    };
    expect(states(await world.upgrade())).toBe('skipped reverted');
    expect(world.versions).toBe('old old');
    const failed = world.events.flatMap((event) => (event.event === 'probe' && !event.result.ok ? [event] : []));
    expect(failed).toMatchObject([{ host: 'ns2', result: { name: expect.stringContaining('web.service') } }]);
    expect(world.memory.denied()).toMatchObject([{ version: 'new', host: 'ns2' }]);
  });

  test('does not hold against a release what fails while the way to its host is broken', async () => {
    const world = new World();
    const host = world.of('ns2');
    let moved = 0;
    host.onVerb = (verb) => {
      if (verb !== 'os_deadline' || ++moved !== 3) return;
      host.unit = 'failed';
      host.held = pause(2_500).then(() => {
        host.held = undefined;
        host.unit = 'active';
      });
    };
    expect(states(await world.upgrade())).toBe('changed changed');
    expect(world.memory.denied()).toEqual([]);
  });

  test('that comes up with the old release is reverted, and denies nothing', async () => {
    const world = new World();
    world.of('ns2').rebootTo = 'old';
    const summary = await world.upgrade();
    expect(states(summary)).toBe('skipped reverted');
    expect(summary.hosts['ns2']?.error?.message).toContain('went back from new');
    expect(world.memory.denied()).toEqual([]);
    expectCalm(world);
  });

  test('touches no host while its peer does not serve', async () => {
    const world = new World();
    world.of('ns1').unit = 'failed';
    const summary = await world.upgrade();
    expect(states(summary)).toBe('skipped refused');
    expect(summary.hosts['ns2']?.error?.message).toContain('its peer does not serve');
    expect(world.of('ns2').log).not.toContain('os_open');
  });

  test('takes no step over the point of no return when the peer breaks at that moment', async () => {
    const world = new World();
    world.of('ns2').onVerb = (verb) => {
      if (verb === 'os_go') world.of('ns1').unit = 'failed';
    };
    // The peer's own view of its units is as old as its last observation: its lease is what is lost here.
    world.of('ns1').onVerb = (verb) => {
      if (verb === 'renew' && world.of('ns2').staged !== undefined) world.of('ns1').lease = 'another run';
    };
    const summary = await world.upgrade();
    expect(states(summary)).not.toContain('changed');
    expect([world.versions, world.of('ns2').boots]).toEqual(['old old', 1]);
  });

  test('touches nothing outside of a window, or too late in one', async () => {
    const world = new World();
    const upgrade = defineUpgrade({
      name: 'upgrade',
      soak: '0s',
      within: '1s',
      reboot_within: '10min',
      windows: [{ zone: 'UTC', days: ['Sun'], start: '03:00', end: '05:00' }],
    });
    const settings: RunUpgradeInput['settings'] = (one) => settingsFor(one, upgrade);
    const closed = await world.upgrade({ settings });
    expect(closed.hosts['ns2']?.error?.message).toContain('its window is closed (Sun 03:00–05:00 UTC)');
    world.wallMs = Date.parse('2026-11-22T04:51:00Z');
    const late = await world.upgrade({ settings });
    expect(late.hosts['ns2']?.error?.message).toContain('too late in the window of ns2');
    expect(world.of('ns2').log).not.toContain('acquire');
    world.wallMs = Date.parse('2026-11-22T04:30:00Z');
    expect(states(await world.upgrade({ settings }))).toBe('changed changed');
  });

  test.each([
    [
      'a transaction that runs',
      (one: FakeOsHost) => Object.assign(one, { transaction: 'deploy x' }),
      'another rpm-ostree transaction',
    ],
    [
      'something staged',
      (one: FakeOsHost) =>
        Object.assign(one, {
          staged: { name: `${'7'.repeat(64)}.0`, release: { version: 'theirs', checksum: '7'.repeat(64) } },
        }),
      'something else is staged on ns2: theirs',
    ],
  ])('refuses a host with %s', async (_what, change, message) => {
    const world = new World();
    change(world.of('ns2'));
    const summary = await world.upgrade();
    expect(summary.hosts['ns2']).toMatchObject({
      status: 'refused',
      error: { code: 'E_NOT_UPGRADABLE', message: expect.stringContaining(message) },
    });
    expect(world.versions).toBe('old old');
  });

  test('refuses an older release without a word', async () => {
    const world = new World();
    world.of('ns1').tip = release('older', 500);
    world.of('ns2').tip = release('older', 500);
    await expect(world.upgrade()).rejects.toThrow('older is older than what ns1, ns2 run');
    expect(states(await world.upgrade({ allowDowngrade: true }))).toBe('changed changed');
  });

  test('of one host asks its peer, and nobody else whom only the peer knows', async () => {
    const world = new World();
    world.strangers.push('ns3');
    const { inventory } = world;
    const only = [inventory.hosts.get('ns1') as Host];
    const summary = await world.upgrade({ hosts: only });
    expect(states(summary)).toBe('changed');
    expect(world.versions).toBe('new old');
  });
});
