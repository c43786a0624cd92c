/** A roll-out that is interrupted, or whose controller dies: what is on the hosts decides how it goes on. */
import { describe, expect, test } from 'vitest';
import { expectCalm, states, World } from './world.ts';

describe.concurrent('Ctrl-C', { timeout: 90_000 }, () => {
  test.each([
    ['os_open', 'skipped skipped', 'old old'],
    ['os_stage', 'skipped skipped', 'old old'],
    ['confirm', 'skipped changed', 'old new'],
  ])('at %s ends the host at work safely, and begins no other', async (verb, expected, versions) => {
    const world = new World();
    world.of('ns2').onVerb = (now) => {
      if (now === verb) world.user.abort();
    };
    const summary = await world.upgrade();
    expect(states(summary)).toBe(expected);
    expect(world.versions).toBe(versions);
    expectCalm(world);
  });
});

/** The controller dies at this verb, before the host hears of it; its leases have run out since. */
async function killedAt(world: World, verb: string): Promise<void> {
  const ns2 = world.of('ns2');
  ns2.onVerb = (now) => {
    if (now !== verb) return;
    ns2.onVerb = () => {};
    throw new Error('killed');
  };
  await expect(world.upgrade()).rejects.toThrow('killed');
  for (const one of world.hosts.values()) one.lease = '';
}

describe.concurrent('a roll-out whose controller died', { timeout: 90_000 }, () => {
  test.each([['os_open'], ['os_stage'], ['os_go'], ['confirm']])(
    'at %s is taken up by --resume, and ends on both hosts',
    async (verb) => {
      const world = new World();
      await killedAt(world, verb);
      const summary = await world.resume('resume');
      expect(states(summary)).toBe('changed changed');
      expect(world.versions).toBe('new new');
      expectCalm(world);
    },
  );

  test.each([['os_stage'], ['os_go'], ['confirm']])(
    'at %s is ended by --abort: every host is where it was',
    async (verb) => {
      const world = new World();
      await killedAt(world, verb);
      const summary = await world.resume('abort');
      expect(states(summary)).toBe('ok changed');
      expect(world.versions).toBe('old old');
      expect(world.memory.unfinished()).toBeUndefined();
      expectCalm(world);
    },
  );

  test('that there never was cannot be taken up', async () => {
    await expect(new World().resume('resume')).rejects.toThrow('there is no upgrade to resume');
    await expect(new World().resume('abort')).rejects.toThrow('there is no upgrade to abort');
  });

  test('is nothing that a new one may walk over', async () => {
    const world = new World();
    await killedAt(world, 'os_stage');
    world.run = 'run2';
    const summary = await world.upgrade();
    expect(summary.hosts['ns2']).toMatchObject({
      status: 'locked',
      error: { remedy: expect.stringContaining('--resume') },
    });
  });
});
