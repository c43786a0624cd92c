/** Temporary states on real hosts: entered, proven, and left by whatever ends them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdCall, unholdCall } from '../../src/host/verbs.ts';
import type { TemporaryState } from '../../src/playbook/temporary-state.ts';
import { downHosts, endOf, errorOf, isPossible, type TestHost, upHosts } from './host-fixture.ts';

const STATE: TemporaryState = {
  name: 'quiet',
  on: 'h1',
  when: 'change',
  enter: `echo "it's entered" >/run/quiet`,
  proven: 'test -e /run/quiet',
  leave: 'rm -f /run/quiet; echo left >>/run/quiet.log',
  left: '! test -e /run/quiet',
  withinSec: 3,
  leftWithinSec: 5,
};

describe.skipIf(!isPossible)('temporary states', () => {
  let host: TestHost;
  let peer: TestHost;
  const state = () => host.shell('cat /run/quiet 2>/dev/null; cat /run/quiet.log 2>/dev/null; rm -f /run/quiet.log');
  const units = () =>
    host.shell(
      'systemctl list-units --no-legend --all "coreos-infra-hold-*"; ls -d /run/coreos-infra/hold.* 2>/dev/null || :',
    );
  async function leased(ttlSec = 30): Promise<string> {
    const token = randomUUID();
    await host.acquire(token, { ttlSec });
    return token;
  }
  /** Until the host shows no unit of a state; it leaves at most a second or two after its lease. */
  async function untilGone(): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      if ((await units()) === '') return;
      await sleep(250);
    }
    throw new Error(`still held: ${await units()}`);
  }

  beforeAll(async () => {
    [host, peer] = (await upHosts()) as [TestHost, TestHost];
    await host.shell('rm -f /run/quiet /run/quiet.log');
  });
  afterAll(async () => {
    await downHosts([host, peer]);
  });

  it('holds from hold to unhold, which leaves nothing behind', async () => {
    const token = await leased();
    expect(endOf(await host.call(holdCall(token, STATE)))).toMatchObject({ kind: 'held', name: 'quiet' });
    expect(await state()).toBe("it's entered");
    expect(endOf(await host.call(unholdCall(STATE)))).toMatchObject({ kind: 'left', name: 'quiet' });
    expect(await state()).toBe('left');
    expect(await units()).toBe('');
    expect(endOf(await host.call(unholdCall(STATE))), 'once more: there is nothing to leave').toMatchObject({
      kind: 'left',
    });
    expect(await state()).toBe('');
    await host.release(token);
  });

  it('ends what it left running in the background before it is left', async () => {
    const token = await leased();
    // One in a session of its own as well, and one that hears no SIGTERM.
    const enter = `{ trap '' TERM; while :; do sleep 0.1; done; } & echo $! >/run/quiet; setsid sleep 600 & echo $! >>/run/quiet`;
    const leave =
      'for pid in $(cat /run/quiet); do [[ ! -e /proc/$pid ]] || echo "$pid lives" >>/run/quiet.log; done; rm /run/quiet; echo left >>/run/quiet.log';
    await host.call(holdCall(token, { ...STATE, enter, proven: '[[ $(wc -l </run/quiet) == 2 ]]', leave }));
    const lives = 'for pid in $(cat /run/quiet); do [[ -e /proc/$pid ]] && echo lives; done';
    expect(await host.shell(lives), 'as long as the state').toBe('lives\nlives');
    expect(endOf(await host.call(unholdCall(STATE)))).toMatchObject({ kind: 'left' });
    expect(await state()).toBe('left');
    await host.release(token);
    await untilGone();
  });

  it('is left by the host itself when the lease runs out, is given back, or the unit is killed', async () => {
    const short = await leased(2);
    await host.call(holdCall(short, STATE));
    await untilGone();
    expect(await state()).toBe('left');

    const given = await leased();
    await host.call(holdCall(given, STATE));
    await host.release(given);
    await untilGone();
    expect(await state()).toBe('left');

    const killed = await leased();
    await host.call(holdCall(killed, STATE));
    await host.shell('systemctl kill --kill-whom=main --signal=SIGKILL "coreos-infra-hold-*"');
    await untilGone();
    expect(await state()).toBe('left');
    await host.release(killed);
  });

  it('is refused without the lease, and left when it cannot be entered or proven, with the words of its scripts', async () => {
    expect(errorOf(await host.call(holdCall(randomUUID(), STATE)))).toMatchObject({ error: 'locked' });
    const token = await leased();
    const enter = 'echo "no such peer" >&2; exit 3';
    expect(errorOf(await host.call(holdCall(token, { ...STATE, enter })))).toMatchObject({
      error: 'hold',
      detail: ['no such peer'],
    });
    const proven = 'echo "state is waiting"; false';
    const unproven = errorOf(await host.call(holdCall(token, { ...STATE, proven, withinSec: 1 })));
    expect(unproven).toMatchObject({ error: 'hold', detail: ['state is waiting'] });
    expect(endOf(await host.call(unholdCall(STATE)))).toMatchObject({ kind: 'left' });
    await untilGone();
    const left = 'echo "peer is partner-down"; false';
    expect(errorOf(await host.call(unholdCall({ ...STATE, left, leftWithinSec: 1 })))).toMatchObject({
      error: 'hold',
      detail: ['peer is partner-down'],
    });
    await host.release(token);
  });
});
