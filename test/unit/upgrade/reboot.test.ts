/** `run reboot`, and the order of all that boots hosts, against scripted hosts. */
import { describe, expect, test } from 'vitest';
import type { EngineEvent } from '../../../src/engine/events.ts';
import { defineUpgrade } from '../../../src/upgrade/define.ts';
import { expectCalm, states, World } from './world.ts';

function planned(events: readonly EngineEvent[]): { readonly title: string; readonly order: readonly string[] } {
  const found = events.find((event) => event.event === 'upgrade-planned');
  if (found?.event !== 'upgrade-planned') throw new Error('nothing was planned');
  return found;
}

function ended(world: World): readonly string[] {
  return world.events.flatMap((event) => (event.event === 'host-done' ? [event.host] : []));
}

describe.concurrent('a reboot', { timeout: 60_000 }, () => {
  test('takes one host after the other behind the gates, and leaves the OS as it is', async () => {
    const world = new World();
    const summary = await world.reboot();
    expect(states(summary)).toBe('changed changed');
    expect(summary.hosts['ns1']?.changes).toEqual([{ resource: 'os:reboot', action: 'restart' }]);
    expect(ended(world)).toEqual(['ns2', 'ns1']);
    expect([world.versions, world.of('ns1').boots, world.of('ns2').boots]).toEqual(['old old', 2, 2]);
    for (const { log } of world.hosts.values()) expect(log).not.toContain('os_open');
    expectCalm(world);
  });

  test('with --check says who would be booted in which order, and touches nothing', async () => {
    const world = new World();
    expect(states(await world.reboot({}, { check: true }))).toBe('changed changed');
    expect(planned(world.events)).toMatchObject({
      title: 'reboot of ns2, then ns1, with the same OS',
      order: ['ns2', 'ns1'],
    });
    for (const { log, boots } of world.hosts.values()) expect([log, boots]).toEqual([['os_look'], 1]);
  });

  test('that one host does not come back from stops the others', async () => {
    const world = new World();
    world.rebootWithin = '1s';
    world.of('ns2').rebootTo = 'nowhere';
    const summary = await world.reboot();
    expect(states(summary)).toBe('skipped unknown');
    expect(summary.hosts['ns2']?.error).toMatchObject({
      code: 'E_HOST_STUCK',
      message: 'ns2 did not come back from its reboot within 1 s',
    });
    expect([world.of('ns1').boots, world.of('ns1').lease]).toEqual([1, '']);
  });

  test.each([
    ['never-heard', 'skipped refused', 'ns2 was not rebooted: the word to reboot did not reach it'],
    // It is on its way down, and a unit of it does not end.
    ['stays-up', 'skipped unknown', 'ns2 did not come back from its reboot within 1 s'],
  ] as const)('that does not happen (%s) is not taken for a host that is lost', async (how, ended, message) => {
    const world = new World();
    world.rebootWithin = '1s';
    world.of('ns2').rebootTo = how;
    const summary = await world.reboot();
    expect(states(summary)).toBe(ended);
    expect(summary.hosts['ns2']?.error?.message).toBe(message);
    expect([...world.hosts.values()].map(({ boots }) => boots)).toEqual([1, 1]);
    // What runs on is not locked against the next try; a host that goes down loses its lease with /run.
    if (how === 'never-heard') expectCalm(world);
  });

  test('of a host whose peer does not serve is refused, and no other is begun', async () => {
    const world = new World();
    world.of('ns1').unit = 'failed';
    const summary = await world.reboot();
    expect(states(summary)).toBe('skipped refused');
    expect(summary.hosts['ns2']?.error?.message).toContain('its peer does not serve');
    expect([...world.hosts.values()].map(({ boots }) => boots)).toEqual([1, 1]);
  });

  test('goes on after a failure only as far as maxFailed says', async () => {
    const world = new World();
    world.of('ns2').fault = { verb: 'os_reboot', kind: 'refused' };
    const upgrade = defineUpgrade({ name: 'upgrade', maxFailed: 1, soak: '0s', within: '20s', reboot_within: '20s' });
    const summary = await world.reboot({ upgrade });
    expect(states(summary)).toBe('changed refused');
    expect(summary.hosts['ns2']?.error?.message).toContain('ns2 was not rebooted: somebody holds it back');
    expect([world.of('ns1').boots, world.of('ns2').boots]).toEqual([2, 1]);
  });
});

describe.concurrent('the order', { timeout: 60_000 }, () => {
  test('is told: without anybody who stands by, the last of the inventory first', async () => {
    const world = new World();
    await world.upgrade({}, { check: true });
    expect(planned(world.events)).toMatchObject({
      title: 'Fedora CoreOS old → new · ns2 first, then ns1',
      order: ['ns2', 'ns1'],
    });
  });

  test('begins with whoever only stands by, of whatever service', async () => {
    const world = new World();
    world.standby = 'ns1';
    await world.upgrade({}, { check: true });
    expect(planned(world.events)).toMatchObject({ title: 'Fedora CoreOS old → new · ns1 first, then ns2' });
    expect(states(await world.reboot())).toBe('changed changed');
    expect(ended(world).slice(-2)).toEqual(['ns1', 'ns2']);
  });

  test('does not mind a service that is described and was never deployed', async () => {
    const world = new World();
    world.standby = 'ns1';
    world.of('ns1').isDeployed = false;
    await world.upgrade({}, { check: true });
    expect(planned(world.events).order).toEqual(['ns2', 'ns1']);
  });

  test('of the playbook wins', async () => {
    const world = new World();
    world.standby = 'ns2';
    const upgrade = defineUpgrade({ name: 'upgrade', order: ['ns1'], soak: '0s', within: '20s', reboot_within: '20s' });
    await world.upgrade({ upgrade }, { check: true });
    expect(planned(world.events).order).toEqual(['ns1', 'ns2']);
  });
});
