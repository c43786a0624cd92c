/** Leases of one run, against scripted hosts. */
import { describe, expect, it } from 'vitest';
import { HostLockedError } from '../../../src/engine/errors.ts';
import { type LeasePartner, Leases } from '../../../src/engine/leases.ts';
import { DEFAULT_DEADLINES, type RunContext } from '../../../src/engine/run-context.ts';
import { host } from './build.ts';
import { FakeHost } from './fake-host.ts';

function context(waitLockSec: number): RunContext {
  return {
    run: 'run-1',
    owner: 'admin@desk',
    inventory: { dir: '/', hosts: new Map(), groups: new Map(), varNames: new Map() },
    zones: () => [],
    transport: new FakeHost().transport(),
    options: {
      check: false,
      diff: false,
      tags: [],
      skipTags: [],
      forks: 1,
      confirmWithinSec: 5,
      waitLockSec,
      forceUnsafe: false,
    },
    deadlines: DEFAULT_DEADLINES,
    helper: {},
    emit: () => {},
    signal: new AbortController().signal,
    now: () => performance.now(),
    today: () => '20261120',
  };
}

async function partner(fake: FakeHost, name: string): Promise<LeasePartner> {
  return { name, connection: await fake.transport().connect(host(name)) };
}

describe('leases', () => {
  it('are taken in the order of names, kept for the next batch, and given back', async () => {
    const fakes = [new FakeHost(), new FakeHost()] as const;
    const partners = [await partner(fakes[1], 'ns2'), await partner(fakes[0], 'ns1')];
    const leases = new Leases(context(0), 'a test');
    await leases.acquire(partners, new Set(['ns1']));
    const tokens = fakes.map(({ lease }) => lease);
    await leases.acquire(partners, new Set(['ns2']));
    expect(fakes.map(({ lease }) => lease)).toEqual(tokens);
    expect([leases.token('ns1'), leases.token('ns2')]).toEqual(tokens);
    await leases.release();
    expect(fakes.map(({ lease }) => lease)).toEqual(['', '']);
  });

  it.each([0, 60])(
    'are not taken again when one was lost between two batches, also when locks are waited for: %i s',
    async (waitLockSec) => {
      const fakes = [new FakeHost(), new FakeHost()] as const;
      const partners = [await partner(fakes[0], 'ns1'), await partner(fakes[1], 'ns2')];
      const leases = new Leases(context(waitLockSec), 'a test');
      await leases.acquire(partners, new Set(['ns1']));
      // The controller slept; another run came, and is done.
      fakes[1].lease = '';
      await expect(leases.acquire(partners, new Set(['ns2']))).rejects.toThrow(HostLockedError);
      expect(fakes[1].lease).toBe('');
      await leases.release();
    },
  );

  it.each([0, 60])('are not taken again when one was lost in the middle of taking them: %i s', async (waitLockSec) => {
    const fakes = [new FakeHost(), new FakeHost()] as const;
    const [first, second] = [await partner(fakes[0], 'ns1'), await partner(fakes[1], 'ns2')];
    // The controller sleeps before it takes the first one again; another run comes, and is done.
    let taken = 0;
    const connection: LeasePartner['connection'] = {
      ...first.connection,
      exec: (command, options) => {
        if (options.what === 'taking the lock' && ++taken === 2) fakes[0].lease = '';
        return first.connection.exec(command, options);
      },
    };
    const leases = new Leases(context(waitLockSec), 'a test');
    await leases.acquire([{ name: 'ns1', connection }, second], new Set(['ns1']));
    await expect(leases.acquire([{ name: 'ns1', connection }, second], new Set(['ns2']))).rejects.toThrow(
      HostLockedError,
    );
    expect([taken, fakes[0].lease]).toEqual([2, '']);
    await leases.release();
  });
});
