/** What a roll-out remembers of a release that a host went back from: here, on all its hosts, and until when. */
import { describe, expect, test } from 'vitest';
import { defineUpgrade } from '../../../src/upgrade/define.ts';
import { FakeOsHost } from './fake-os-host.ts';
import { expectCalm, states, World } from './world.ts';

describe.concurrent('a denied release', { timeout: 90_000 }, () => {
  test('is taken with a word, and forgiven once it holds', async () => {
    const world = new World();
    Object.assign(world.of('ns2'), { breaks: true, guards: true });
    await world.upgrade();
    Object.assign(world.of('ns2'), { breaks: false, guards: false });
    // Not before it holds everywhere: Zincati on the host that is still to come would be let go.
    const seen: number[] = [];
    world.of('ns1').onVerb = (verb) => void (verb === 'os_open' && seen.push(world.of('ns1').denied.length));
    expect(states(await world.upgrade({ allowDenied: true }))).toBe('changed changed');
    expect([seen, world.of('ns1').denied, world.memory.denied()]).toEqual([[1], [], []]);
  });

  test('is told to every host of the roll-out, also to one that no lease is held of', async () => {
    const world = new World();
    world.hosts.set('ns3', new FakeOsHost('ns3', world.of('ns1').booted.release, world.of('ns1').tip));
    world.lone = 'ns3';
    Object.assign(world.of('ns2'), { breaks: true, guards: true });
    const upgrade = defineUpgrade({ name: 'upgrade', order: ['ns2'], soak: '0s', within: '20s', reboot_within: '20s' });
    expect(states(await world.upgrade({ upgrade }))).toBe('skipped reverted skipped');
    expect(world.of('ns3').denied.length).toBe(1);
    expectCalm(world);
    // Busy with something else: it is told so, and this machine remembers.
    world.of('ns3').denied = [];
    world.kept.clear();
    for (const one of world.hosts.values()) one.denied = [];
    world.of('ns3').fault = { verb: 'acquire', kind: 'refused' };
    await world.upgrade({ upgrade });
    expect(world.events).toContainEqual(
      expect.objectContaining({
        event: 'warning',
        host: 'ns3',
        message: expect.stringContaining('ns3 could not be told that new is denied'),
      }),
    );
    expect(world.memory.denied()).toMatchObject([{ version: 'new' }]);
  });

  test('is not forgiven when the next host goes back from it', async () => {
    const world = new World();
    Object.assign(world.of('ns1'), { breaks: true, guards: true });
    expect(states(await world.upgrade())).toBe('reverted changed');
    expect(world.memory.denied()).toMatchObject([{ version: 'new', host: 'ns1' }]);
    expect(world.of('ns2').denied.length).toBe(1);
  });
});
