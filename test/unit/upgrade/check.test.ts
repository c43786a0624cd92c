/** `--check` of what boots hosts: it says what would keep a host from being begun, and when it may be, and touches nothing. */
import { describe, expect, test } from 'vitest';
import { defineUpgrade } from '../../../src/upgrade/define.ts';
import { settingsFor } from '../../../src/upgrade/settings.ts';
import { states, World } from './world.ts';

const CHECK = { check: true } as const;
/** The scripted clock shows Sunday, 12:00 UTC. */
const upgrade = defineUpgrade({
  name: 'upgrade',
  soak: '0s',
  within: '20s',
  reboot_within: '20s',
  windows: [{ zone: 'UTC', days: ['Mon'], start: '03:00', end: '05:00' }],
});
const withWindow = { settings: (one: Parameters<typeof settingsFor>[0]) => settingsFor(one, upgrade) };

function warnings(world: World): readonly string[] {
  return world.events.flatMap((event) => (event.event === 'warning' ? [event.message] : []));
}

describe.concurrent('--check', { timeout: 60_000 }, () => {
  test('of an upgrade names the host that would be refused, and ends well', async () => {
    const world = new World();
    world.of('ns2').transaction = 'Deploy';
    expect(states(await world.upgrade({}, CHECK))).toBe('changed changed');
    expect(warnings(world)).toEqual([
      'ns2 would be refused now: another rpm-ostree transaction is running on ns2: Deploy',
    ]);
    world.of('ns2').transaction = null;
    world.events.length = 0;
    await world.upgrade({}, CHECK);
    expect(warnings(world)).toEqual([]);
  });

  test('of a rollback does so too', async () => {
    const world = new World();
    await world.upgrade();
    world.events.length = 0;
    world.of('ns2').transaction = 'Deploy';
    expect(states(await world.rollback('ns2', CHECK))).toBe('changed');
    expect(warnings(world)).toMatchObject([expect.stringContaining('ns2 would be refused now')]);
  });

  test('of all of them says when the window opens', async () => {
    const world = new World();
    const { hosts } = await world.upgrade(withWindow, CHECK);
    expect(hosts['ns1']?.changes[0]?.detail).toBe('old → new; its window opens Mon 03:00 UTC');
    const reboot = await world.reboot(withWindow, CHECK);
    expect(reboot.hosts['ns1']?.changes).toEqual([
      { resource: 'os:reboot', action: 'restart', detail: 'its window opens Mon 03:00 UTC' },
    ]);
    for (const { log } of world.hosts.values()) expect([...new Set(log)].sort()).toEqual(['os_look', 'os_resolve']);
  });
});
