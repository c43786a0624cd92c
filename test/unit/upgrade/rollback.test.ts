/** `run rollback` against scripted hosts: who may go back, where to, and what is remembered of what was left. */
import { describe, expect, test } from 'vitest';
import type { OsDeployment, OsPast } from '../../../src/host/os-look.ts';
import { denialOn } from '../../../src/upgrade/deny.ts';
import { wayBack } from '../../../src/upgrade/way-back.ts';
import type { Deployment } from './fake-os-types.ts';
import { expectCalm, states, World } from './world.ts';

async function upgraded(): Promise<World> {
  const world = new World();
  await world.upgrade();
  for (const one of world.hosts.values()) one.log.length = 0;
  return world;
}

describe.concurrent('a rollback', { timeout: 60_000 }, () => {
  test('is guarded as an upgrade is, and what was left is denied here and on the peer', async () => {
    const world = await upgraded();
    const summary = await world.rollback('ns2');
    expect(states(summary)).toBe('changed');
    expect(summary.hosts['ns2']?.changes[0]?.detail).toBe('new → old');
    expect(world.versions).toBe('new old');
    expect(world.of('ns2').log).toEqual(expect.arrayContaining(['acquire', 'os_open', 'os_go', 'confirm']));
    expect(world.of('ns2').log).not.toContain('os_stage');
    expect(world.memory.denied()).toMatchObject([
      { version: 'new', host: 'ns2', reason: 'admin@desk went back by hand' },
    ]);
    expect(world.of('ns1').denied).toMatchObject([
      ['', expect.any(String), 'new', 'person', expect.anything(), 'run1', '0'],
    ]);
    await expect(world.upgrade()).rejects.toThrow('new is on the deny list: ns2 went back from it');
    expect(states(await world.upgrade({ allowDenied: true }))).toBe('ok changed');
    expectCalm(world);
  });

  test('is not done twice: what was left is no way back', async () => {
    const world = await upgraded();
    await world.rollback('ns2');
    await expect(world.rollback('ns2')).rejects.toMatchObject({
      code: 'E_NOT_UPGRADABLE',
      message: 'ns2 has no earlier release on disk that it could go back to',
      detail: [expect.stringContaining('new is on the deny list')],
    });
    expect([world.versions, world.of('ns2').boots]).toEqual(['new old', 3]);
  });

  test('another controller is told by the hosts who went back', async () => {
    const world = await upgraded();
    await world.rollback('ns2');
    world.kept.clear();
    await expect(world.upgrade()).rejects.toThrow(
      'new is on the deny list: ns2 went back from it (admin@desk went back by hand)',
    );
  });

  test('brings back a host that does not serve any more: that is what it is for', async () => {
    const world = await upgraded();
    world.of('ns2').unit = 'failed';
    expect(states(await world.rollback('ns2'))).toBe('changed');
    expect(world.versions).toBe('new old');
  });

  test('of the only member that serves is refused', async () => {
    const world = await upgraded();
    world.of('ns1').unit = 'failed';
    const summary = await world.rollback('ns2');
    expect(summary.hosts['ns2']).toMatchObject({
      status: 'refused',
      error: { message: expect.stringContaining('its peer does not serve') },
    });
    expect([world.versions, world.memory.denied()]).toEqual(['new new', []]);
    expectCalm(world);
  });

  test('that does not prove itself goes forth again, and what was left is not denied', async () => {
    const world = await upgraded();
    Object.assign(world.of('ns2'), { breaks: true, guards: true });
    const summary = await world.rollback('ns2');
    expect(states(summary)).toBe('reverted');
    expect(world.versions).toBe('new new');
    expect(world.memory.denied()).toMatchObject([{ version: 'old', host: 'ns2' }]);
  });

  test('touches no host with an open slot, without a way back, or with --check', async () => {
    const world = await upgraded();
    expect(states(await world.rollback('ns2', { check: true }))).toBe('changed');
    const { slot } = world.of('ns2').past[0] ?? {};
    world.of('ns2').slot = slot === undefined ? undefined : { ...slot, run: 'other', state: 'armed' };
    expect(states(await world.rollback('ns2'))).toBe('locked');
    world.of('ns2').slot = undefined;
    world.of('ns2').disk = [world.of('ns2').booted];
    await expect(world.rollback('ns2')).rejects.toThrow('ns2 has no earlier release on disk');
    expect(world.of('ns2').log.filter((verb) => verb !== 'os_look')).toEqual([]);
  });

  test('is denied also when the answer to confirm is lost', async () => {
    const world = await upgraded();
    world.of('ns2').fault = { verb: 'confirm', kind: 'lost' };
    expect(states(await world.rollback('ns2'))).toBe('changed');
    expect(world.memory.denied()).toMatchObject([{ version: 'new' }]);
  });

  test('whose controller died is ended by --resume, which leaves the others alone', async () => {
    const world = await upgraded();
    const host = world.of('ns2');
    const [now, before] = host.disk as [Deployment, Deployment];
    host.booted = before;
    host.slot = {
      ...{
        id: 'slot1',
        run: 'dead',
        action: 'rollback',
        from: now.name,
        to: before.name,
        toVersion: 'old',
        target: '',
      },
      ...{ state: 'applied', cause: '', trialBoot: host.bootId, isTold: true },
    };
    const summary = await world.resume('resume');
    expect(states(summary)).toBe('skipped changed');
    expect([world.versions, world.of('ns1').boots]).toEqual(['new old', 2]);
    expect(world.memory.denied()).toMatchObject([{ version: 'new', host: 'ns2' }]);
    expectCalm(world);
  });
});

describe('the way back', () => {
  const deployment = (version: string, more: Partial<OsDeployment> = {}): OsDeployment =>
    ({
      name: `${version}.0`,
      osname: 'fedora-coreos',
      version,
      checksum: version,
      baseChecksum: version,
      timestamp: 1,
      booted: false,
      staged: false,
      ...more,
    }) as OsDeployment;
  const booted = deployment('b', { booted: true });
  const past = (to: string, state: 'confirmed' | 'reverted'): OsPast => ({ to: `${to}.0`, state }) as OsPast;

  test('is the first entry behind what runs, of the same OS', () => {
    const deployments = [
      deployment('s', { staged: true }),
      booted,
      deployment('x', { osname: 'other' }),
      deployment('a'),
    ];
    expect(wayBack({ deployments, past: [] }, [])).toMatchObject({ name: 'a.0', release: { version: 'a' } });
    expect(wayBack({ deployments: [deployment('p'), booted], past: [] }, [])).toEqual({ reasons: [] });
    expect(wayBack({ deployments: [], past: [] }, [])).toEqual({ reasons: [] });
  });

  test('passes over what somebody went back from, and what was never confirmed here', () => {
    const deployments = [booted, deployment('c'), deployment('a')];
    const denied = [{ version: 'c', checksum: 'c', host: 'ns1', reason: 'r', at: '' }];
    expect(wayBack({ deployments, past: [] }, denied)).toMatchObject({ name: 'a.0' });
    expect(wayBack({ deployments, past: [past('c', 'reverted')] }, [])).toMatchObject({ name: 'a.0' });
    const since = [past('c', 'reverted'), past('c', 'confirmed')];
    expect(wayBack({ deployments, past: since }, [])).toMatchObject({ name: 'c.0' });
    expect(wayBack({ deployments: [booted, deployment('c')], past: [past('c', 'reverted')] }, [])).toEqual({
      reasons: ['c was never confirmed on this host'],
    });
  });
});

test('an entry of the deny list says who went back: the host that has it, or the one that told it', () => {
  const entry = { checksum: 'c', target: '', version: 'v', cause: 'checks', run: 'r', atMs: 0 };
  const isHost = (name: string): boolean => name === 'ns2';
  expect(denialOn('ns1', { ...entry, reason: 'ns2: coredns.service: failed' }, isHost)).toEqual({
    version: 'v',
    checksum: 'c',
    host: 'ns2',
    reason: 'coredns.service: failed',
    at: '',
  });
  expect(denialOn('ns1', { ...entry, reason: 'coredns.service: failed' }, isHost)).toMatchObject({
    host: 'ns1',
    reason: 'coredns.service: failed',
  });
  expect(denialOn('ns1', { ...entry, reason: '', target: `sha256:${'d'.repeat(64)}` }, isHost)).toMatchObject({
    digest: `sha256:${'d'.repeat(64)}`,
    reason: 'checks',
  });
});
