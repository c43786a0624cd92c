/** Ends of a roll-out that people have to be told of in words of their own: what happened, and what to do. */
import { describe, expect, test } from 'vitest';
import { expectCalm, states, World } from './world.ts';

describe.concurrent('a roll-out', { timeout: 90_000 }, () => {
  test('confirms a good release whose way back was deleted in the trial, with a word about it', async () => {
    const world = new World();
    const host = world.of('ns2');
    host.onVerb = (verb) => {
      if (verb === 'confirm') host.disk = [host.booted];
    };
    expect(states(await world.upgrade())).toBe('changed changed');
    expect(world.events.filter(({ event }) => event === 'warning')).toMatchObject([
      { host: 'ns2', message: expect.stringContaining('ns2 has no way back from new: old was deleted') },
    ]);
  });

  test.each([
    ['never comes back', 'nowhere', 'did not come back'],
    ['boots something else', 'other', 'neither the old nor the new release'],
  ] as const)('a host that %s stops everything, and a person has to look', async (_what, rebootTo, message) => {
    const world = new World();
    world.rebootWithin = '1s';
    world.of('ns2').rebootTo = rebootTo;
    const summary = await world.upgrade();
    expect(states(summary)).toBe('skipped unknown');
    expect(summary.hosts['ns2']?.error).toMatchObject({
      code: 'E_HOST_STUCK',
      message: expect.stringContaining(message),
    });
    expect(world.of('ns1').version).toBe('old');
    expect(world.memory.unfinished()).toMatchObject({ run: 'run1' });
  });

  test.each([
    ['stays-up', 'was told to reboot and did not', 'systemd-inhibit --list'],
    ['never-heard', 'the word to reboot never reached ns2', 'See to the network'],
    ['never-heard-ended', 'the word to reboot never reached ns2', 'See to the network'],
  ] as const)('a host that does not reboot at all (%s) drops what was staged', async (how, message, remedy) => {
    const world = new World();
    world.rebootWithin = '1s';
    world.of('ns2').rebootTo = how;
    const summary = await world.upgrade();
    expect(states(summary)).toBe('skipped failed');
    expect(summary.hosts['ns2']?.error).toMatchObject({
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
    });
    expectCalm(world);
  });
});
