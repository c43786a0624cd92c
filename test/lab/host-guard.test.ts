/** Leases, fences, guard and boot guard on real hosts. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { confirmCall, installCall, renewCall, revertCall, statusCall, unlockCall } from '../../src/host/verbs.ts';
import { labBoot, labCrash } from '../../src/lab/index.ts';
import { downHosts, endOf, errorOf, isPossible, LAB, type TestHost, upHosts } from './host-fixture.ts';

describe.skipIf(!isPossible)('leases, guard and boot guard', () => {
  let host: TestHost;
  let peer: TestHost;

  beforeAll(async () => {
    [host, peer] = (await upHosts()) as [TestHost, TestHost];
    await host.settle('v1');
  });
  afterAll(async () => {
    await downHosts([host, peer]);
  });

  it('gives a host to one run at a time, and says who has it', async () => {
    const mine = randomUUID();
    expect(endOf(await host.acquire(mine))).toMatchObject({ kind: 'lease', expiresInSec: 30 });
    expect(endOf(await host.acquire(mine)), 'a repetition of the same acquire').toMatchObject({ kind: 'lease' });
    const other = await host.acquire(randomUUID(), { owner: 'other@desk', run: 'run-2' });
    expect(errorOf(other)).toMatchObject({
      error: 'locked',
      holder: { owner: 'tester@desk', run: 'run-1', purpose: 'a test' },
    });
    expect((await host.observe()).lease).toMatchObject({ owner: 'tester@desk', run: 'run-1' });
    expect(endOf(await host.release(randomUUID()))).toMatchObject({ kind: 'released' });
    expect((await host.observe()).lease, "another's release changes nothing").toBeDefined();
    expect(endOf(await host.release(mine))).toMatchObject({ kind: 'released' });
    expect((await host.observe()).lease).toBeUndefined();
    expect(errorOf(await host.call(renewCall(mine)))).toMatchObject({ error: 'locked' });
  });

  it('hands an expired lease on, and refuses the steps of its former holder', async () => {
    const late = randomUUID();
    await host.acquire(late, { ttlSec: 1 });
    await sleep(1500);
    expect(endOf(await host.call(renewCall(late))), 'nobody took it: it is still ours').toMatchObject({
      kind: 'lease',
    });
    await sleep(1500);
    const next = randomUUID();
    expect(endOf(await host.acquire(next, { run: 'run-2' }))).toMatchObject({ kind: 'lease' });
    const { steps } = await host.apply(await host.demo('v2'), { token: late });
    expect(errorOf(steps)).toMatchObject({ error: 'locked', holder: { run: 'run-2' } });
    const without = await host.apply(await host.demo('v2'), { token: '' });
    expect(errorOf(without.steps)).toMatchObject({ error: 'locked' });
    await host.release(next);
    expect(await host.versions()).toBe('v1 active');
  });

  it('refuses a go when the lease was lost between ready and go', async () => {
    const token = randomUUID();
    await host.acquire(token);
    const { steps } = await host.apply(await host.demo('v2'), {
      token,
      onStep: async (step) => void (step.kind === 'ready' && (await host.shell('rm /run/coreos-infra/lease'))),
    });
    expect(errorOf(steps)).toMatchObject({ step: 'arm', error: 'locked' });
    expect(await host.versions()).toBe('v1 active');
    expect(await host.leftovers()).toBe('');
  });

  it('keeps a member from rebooting while it stands in, and ends that with the lease', async () => {
    const token = randomUUID();
    const inhibitors = (): Promise<string> =>
      peer.shell('systemd-inhibit --list --no-legend | grep -c coreos-infra || :');
    await peer.acquire(token, { inhibit: true });
    expect(await inhibitors()).toBe('1');
    expect(await peer.shell('systemctl reboot 2>&1 || echo refused')).toContain('refused');
    await peer.acquire(token, { inhibit: false });
    expect(await inhibitors(), 'before it becomes the target itself').toBe('0');
    await peer.acquire(token, { inhibit: true });
    await peer.release(token);
    expect(await inhibitors()).toBe('0');
    await peer.acquire(token, { inhibit: true, ttlSec: 1 });
    await sleep(3500);
    expect(await inhibitors(), 'nobody renewed it').toBe('0');
  });

  it('does not repair a host that serves by now', async () => {
    const { steps } = await host.apply(await host.demo('v2'), { unlessServes: 'systemctl -q is-active demo.service' });
    expect(errorOf(steps)).toMatchObject({ error: 'serves' });
    expect(await host.versions()).toBe('v1 active');
  });

  it('reverts what nobody confirms, and refuses everybody else meanwhile', async () => {
    const changeSet = await host.demo('v2', { confirmWithinSec: 3 });
    const { steps } = await host.apply(changeSet);
    expect(endOf(steps)?.kind).toBe('applied');
    const seen = await host.observe();
    expect(seen.slot).toMatchObject({
      id: changeSet.id,
      kind: 'config',
      state: 'applied',
      run: 'run-1',
      owner: 'tester@desk',
    });
    expect(seen.slot?.deadlineInSec).toBeLessThanOrEqual(3);
    // R11: an open slot locks, whatever became of the lease.
    const other = await host.acquire(randomUUID(), { run: 'run-2' });
    expect(errorOf(other)).toMatchObject({
      error: 'locked',
      holder: { run: 'run-1', slot: { id: changeSet.id, state: 'applied' } },
    });
    expect(errorOf((await host.apply(await host.demo('v3'))).steps)).toMatchObject({ error: 'locked' });
    expect(errorOf(await host.call(installCall()))).toMatchObject({ error: 'locked' });
    const token = randomUUID();
    expect(endOf(await host.acquire(token)), 'the run that opened it may take over').toMatchObject({ kind: 'lease' });
    expect(errorOf(await host.release(token))).toMatchObject({ error: 'locked' });
    expect(errorOf(await host.call(unlockCall()))).toMatchObject({ error: 'locked' });
    expect(await host.ended(changeSet.id)).toBe('reverted');
    expect(await host.versions()).toBe('v1 active');
    expect((await host.call(statusCall(changeSet.id)))[0]).toMatchObject({
      state: 'reverted',
      reason: 'nobody confirmed it in time',
    });
    expect(await host.leftovers()).toBe('');
  });

  it('fences a confirm by id and by boot', async () => {
    const changeSet = await host.demo('v2');
    await host.apply(changeSet);
    expect(errorOf(await host.call(confirmCall('0123456789ab', changeSet.bootId)))).toMatchObject({
      error: 'other-slot',
    });
    expect(errorOf(await host.call(confirmCall(changeSet.id, randomUUID())))).toMatchObject({ error: 'booted' });
    expect(endOf(await host.call(revertCall(changeSet.id)))).toMatchObject({ kind: 'reverted' });
    expect(endOf(await host.call(revertCall(changeSet.id))), 'the same answer again').toMatchObject({
      kind: 'status',
      state: 'reverted',
    });
    expect(await host.versions()).toBe('v1 active');
  });

  it('kills an apply that hangs with the lock held, and reverts it', async () => {
    const commands = [{ id: 'command:hang', script: 'trap "" TERM; sleep 100', timeoutSec: 100, step: 1 }];
    const changeSet = await host.demo('v2', { confirmWithinSec: 3, extra: { commands } });
    const { steps } = await host.apply(changeSet);
    expect(endOf(steps)?.kind).not.toBe('applied');
    expect(await host.ended(changeSet.id)).toBe('reverted');
    expect(await host.versions()).toBe('v1 active');
  });

  it('guards although systemd is reloaded all the time, the guard is killed, and the clock is moved', async () => {
    const changeSet = await host.demo('v2', { confirmWithinSec: 5 });
    await host.apply(changeSet);
    expect(await host.shell('systemctl stop coreos-infra-guard.service 2>&1 || echo refused')).toContain('refused');
    await host.shell(
      'systemctl kill --signal=KILL coreos-infra-guard.service; for i in 1 2 3 4 5 6; do systemctl daemon-reload; sleep 0.5; done',
    );
    expect(await host.shell('cat /run/coreos-infra/guard')).toBe(changeSet.id);
    expect(await host.ended(changeSet.id, 12_000)).toBe('reverted');
    expect(await host.versions()).toBe('v1 active');
  });

  it('lets exactly one of confirm and guard win when both come at the deadline', async () => {
    const ends = new Set<string>();
    for (let n = 0; n < 6; n += 1) {
      const before = await host.versions();
      const changeSet = await host.demo(`r${n}`, { confirmWithinSec: 2, action: 'reload' });
      const { steps, tookMs } = await host.apply(changeSet);
      const armed = steps.findIndex((step) => step.kind === 'step' && step.step === 'arm');
      expect(armed).toBeGreaterThan(0);
      await sleep(Math.max(0, 1400 + n * 120 - tookMs / 2));
      const answer = endOf(await host.call(confirmCall(changeSet.id, changeSet.bootId)));
      const end = await host.ended(changeSet.id);
      ends.add(end);
      if (answer?.kind === 'confirmed') expect(end).toBe('confirmed');
      expect(await host.versions()).toBe(end === 'confirmed' ? `r${n} active` : before);
    }
    expect(ends.size).toBeGreaterThan(0);
    await host.settle('v1');
  });

  it('reverts at boot, before any service starts, what was applied and not confirmed', async () => {
    await host.shell('systemctl enable demo.service');
    const changeSet = await host.demo('v2', { confirmWithinSec: 120 });
    await host.apply(changeSet);
    await labCrash(LAB, host.name, { stayOff: true });
    host.forget();
    await labBoot(LAB, host.name);
    expect(await host.ended(changeSet.id)).toBe('reverted');
    expect(await host.versions()).toBe('v1 active');
    expect(await host.shell("journalctl -b -o cat -u demo.service | grep -c '^Started'")).toBe('1');
    expect(errorOf(await host.call(confirmCall(changeSet.id, changeSet.bootId)))).toMatchObject({ error: 'no-slot' });
    expect((await host.call(statusCall(changeSet.id)))[0]).toMatchObject({
      state: 'reverted',
      reason: 'the host was booted before it was confirmed',
    });
    expect(await host.leftovers()).toBe('');
    await host.settle('v3');
    expect(await host.versions()).toBe('v3 active');
  });

  it('keeps what was confirmed over a power cut that came with the answer', async () => {
    const changeSet = await host.demo('v4');
    await host.apply(changeSet);
    await host.setFault('confirmed', 'pause');
    // Streamed verbs carry no faults: the installed helper confirms here.
    const confirming = host.connect().then(async (connection) => {
      const version = await host.shell('cat /usr/local/libexec/coreos-infra/current/version');
      return connection
        .exec(
          `sudo -n bash /usr/local/libexec/coreos-infra/${version}/helper confirm ${changeSet.id} ${changeSet.bootId}`,
          { what: 'confirming', timeoutMs: 60_000 },
        )
        .catch(() => undefined);
    });
    expect(await host.paused()).toBe(true);
    await labCrash(LAB, host.name, { stayOff: true });
    host.forget();
    await confirming;
    await labBoot(LAB, host.name);
    expect(await host.ended(changeSet.id)).toBe('confirmed');
    expect(await host.versions()).toBe('v4 active');
    expect((await host.observe()).generation).toBeGreaterThan(0);
    await host.shell('rm -f /var/lib/coreos-infra.fault*');
  });

  it('brings an /etc of another deployment to the confirmed generation when it is booted', async () => {
    await host.settle('v5');
    // The older /etc that a rollback brings back: an earlier generation's files and marker.
    await host.shell('echo v4 >/etc/demo/a.conf; echo 1 >/etc/coreos-infra/generation; sync');
    await labCrash(LAB, host.name, { stayOff: true });
    host.forget();
    await labBoot(LAB, host.name);
    await host.ended('none');
    expect(await host.versions()).toBe('v5 active');
    expect(await host.shell('cat /etc/coreos-infra/generation')).toBe(String((await host.observe()).generation));
  });
});
