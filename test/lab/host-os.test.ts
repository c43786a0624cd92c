/** OS upgrades by the helper alone, on real hosts: confirmed, never confirmed, booted twice, red, rolled back by a person. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OsLook } from '../../src/host/os-look.ts';
import { osDeadlineCall, osGoCommand, osRebootCommand, osRevertCall, osStageCall } from '../../src/host/os-verbs.ts';
import { confirmCall, statusCall } from '../../src/host/verbs.ts';
import { labBoot, labCrash, labPublish } from '../../src/lab/index.ts';
import { downHosts, endOf, errorOf, isPossible, LAB, type TestHost, upHosts } from './host-fixture.ts';
import { bootedOf, FAULTS, OsDriver } from './os-driver.ts';

describe.skipIf(!isPossible)('an OS upgrade by the helper', () => {
  let host: TestHost;
  let all: readonly TestHost[] = [];
  let os: OsDriver;

  beforeAll(async () => {
    all = await upHosts();
    [host] = all as [TestHost];
    os = new OsDriver(host);
    await host.settle('v1');
    await host.shell('systemctl enable demo.service');
  });
  afterEach(async () => {
    await host.shell('rm -f /run/coreos-infra/lease').catch(() => host.forget());
  });
  afterAll(async () => {
    await downHosts(all);
  });

  const past = (seen: OsLook) => seen.past.at(-1);
  /** What becomes of it when a person starts it. */
  const startZincati = () =>
    host.shell('systemctl start zincati.service || :; systemctl is-active zincati.service || :');

  it('is staged locked, boots at go, and is confirmed; Zincati is held all the while (B3)', async () => {
    const release = await labPublish(LAB, '44.20261115.3.0');
    const before = await os.look();
    const request = await os.open(release.commit);
    const held = await os.look();
    expect(held.slot).toMatchObject({ id: request.id, state: 'armed', action: 'upgrade', from: request.from, to: '' });
    expect(await startZincati(), 'held by the slot').toBe('inactive');
    expect(bootedOf(held).pinned).toBe(true);
    const staging = await host.call(
      osStageCall({ ...request, revision: `revision=${release.commit}`, allowDowngrade: false }, FAULTS),
    );
    expect(staging.some(({ kind }) => kind === 'progress')).toBe(true);
    expect((await os.look()).deployments[0]).toMatchObject({ staged: true, locked: true, checksum: release.commit });
    expect(endOf(await host.call(osDeadlineCall(request, 200)))).toMatchObject({ kind: 'deadline', expiresInSec: 200 });
    const steps = await os.dialogue(osGoCommand(request, FAULTS));
    expect(steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['ready', 'rebooting']));
    const seen = await os.afterBoot(request.bootId);
    expect(bootedOf(seen)).toMatchObject({ checksum: release.commit, version: '44.20261115.3.0' });
    expect(seen.slot).toMatchObject({ state: 'applied', trialBoot: seen.bootId, to: `${release.commit}.0` });
    expect(seen.slot?.deadlineInSec).toBeLessThanOrEqual(60);
    expect(await startZincati(), 'in the trial as well').toBe('inactive');
    expect(errorOf(await host.call(confirmCall(request.id, request.bootId)))).toMatchObject({ error: 'booted' });
    expect(endOf(await host.call(confirmCall(request.id, seen.bootId)))).toMatchObject({ kind: 'confirmed' });
    const after = await os.look();
    expect(after.slot).toBeUndefined();
    expect(past(after)).toMatchObject({ id: request.id, state: 'confirmed', cause: '' });
    expect(after.deployments.filter(({ pinned }) => pinned)).toEqual([]);
    expect(after.zincati.active).toBe(before.zincati.active);
    expect(await os.versions()).toBe('v1 active');
  });

  it('goes back by itself when nobody confirms it, and blames nobody', async () => {
    const release = await labPublish(LAB, '44.20261201.3.0');
    const from = bootedOf(await os.look()).name;
    const { request } = await os.intoTrial(release.commit, { withinSec: 4 });
    const after = await os.ended();
    expect(bootedOf(after)).toMatchObject({ name: from, index: 0, pinned: false });
    expect(past(after)).toMatchObject({
      id: request.id,
      state: 'reverted',
      cause: 'deadline',
      to: `${release.commit}.0`,
    });
    expect(after.denied).toEqual([]);
    expect(await os.versions()).toBe('v1 active');
  });

  it('goes back at once when the host is booted a second time before it is confirmed (B4), and Zincati is kept from it', async () => {
    const { commit } = await labPublish(LAB, '44.20261202.3.0');
    const from = bootedOf(await os.look()).name;
    const { seen } = await os.intoTrial(commit, { toVersion: '44.20261202.3.0' });
    expect(seen.slot?.state).toBe('applied');
    await host.close();
    await labCrash(LAB, host.name, { stayOff: true });
    await labBoot(LAB, host.name);
    host.forget();
    const after = await os.ended();
    expect(bootedOf(after)).toMatchObject({ name: from, index: 0, pinned: false });
    expect(past(after)).toMatchObject({ state: 'reverted', cause: 'second-boot' });
    expect(after.denied).toMatchObject([{ checksum: commit, target: commit, cause: 'second-boot', run: 'run-1' }]);
    // Zincati itself avoids what is on disk when it starts: not the slot nor the disk keeps it from this release any more.
    await host.shell('rpm-ostree cleanup -r');
    expect((await os.look()).deployments.map(({ checksum }) => checksum)).not.toContain(commit);
    expect(await startZincati()).toBe('inactive');
    expect((await os.look()).zincati).toMatchObject({ active: 'inactive', heldFor: '44.20261202.3.0' });
    expect(await os.versions()).toBe('v1 active');
  });

  it('goes back when a unit that ran before does not run, with the words of that unit', async () => {
    const { commit } = await labPublish(LAB, '44.20261203.3.0');
    const { seen } = await os.intoTrial(commit, { toVersion: '44.20261203.3.0' });
    expect(bootedOf(seen).checksum).toBe(commit);
    // One that is stopped while it starts fails in other words.
    await host.shell(
      'for n in {1..100}; do ! systemctl -q is-active demo.service || break; sleep 0.1; done; systemctl stop demo.service',
    );
    const after = await os.ended();
    expect(past(after)).toMatchObject({
      state: 'reverted',
      cause: 'checks',
      reason: expect.stringContaining('demo.service is inactive'),
    });
    expect(after.denied.map(({ checksum }) => checksum)).toContain(commit);
    expect(await os.versions()).toBe('v1 active');
  });

  it('drops what is staged when it is aborted (B5), and a reboot before go boots the old one (B1), none behind it (B2)', async () => {
    const { commit } = await labPublish(LAB, '44.20261204.3.0');
    const request = await os.open(commit);
    await host.call(osStageCall({ ...request, revision: `revision=${commit}`, allowDowngrade: false }, FAULTS));
    expect(endOf(await host.call(osRevertCall(request.id, 'abort', 'enough')))).toMatchObject({ kind: 'reverted' });
    const aborted = await os.look();
    expect(aborted.deployments.some(({ staged }) => staged)).toBe(false);
    expect(past(aborted)).toMatchObject({ state: 'reverted', cause: 'abort', reason: 'enough' });

    const again = await os.open(commit);
    await host.call(osStageCall({ ...again, revision: `revision=${commit}`, allowDowngrade: false }, FAULTS));
    await host.shell('systemctl reboot').catch(() => undefined);
    const after = await os.afterBoot(again.bootId);
    expect(after.deployments.length, 'there is one behind it').toBeGreaterThan(1);
    expect(bootedOf(after)).toMatchObject({ name: request.from, index: 0 });
    expect(past(after)).toMatchObject({ id: again.id, state: 'reverted', cause: 'not-applied' });
    expect(after.slot).toBeUndefined();
  });

  it('rolls back to a deployment on disk, with the confirmed configuration (B6), and reboots into the same OS', async () => {
    const before = await os.look();
    const older = before.deployments.find(({ booted }) => !booted);
    if (older === undefined) throw new Error('there is no other deployment');
    // Confirmed after the other deployment's /etc was made: only a reconcile brings it there.
    await host.settle('v2');
    const request = await os.open(older.checksum, { action: 'rollback', to: older.name, toVersion: older.version });
    const steps = await os.dialogue(osGoCommand(request, FAULTS));
    expect(errorOf(steps)).toBeUndefined();
    const seen = await os.afterBoot(request.bootId);
    expect(bootedOf(seen).name).toBe(older.name);
    expect(endOf(await host.call(confirmCall(request.id, seen.bootId)))).toMatchObject({ kind: 'confirmed' });
    expect(endOf(await host.call(statusCall(request.id)))).toMatchObject({
      state: 'confirmed',
      os: { to: older.name },
    });
    expect(await os.versions()).toBe('v2 active');
    const { reconcileFailure, denied } = await os.look();
    expect(reconcileFailure).toBeUndefined();
    expect(denied, 'a person’s word, noted by the host itself').toContainEqual(
      expect.objectContaining({ checksum: request.from.split('.')[0], cause: 'person', run: 'run-1' }),
    );

    const token = randomUUID();
    await host.acquire(token);
    const talk = await os.dialogue(osRebootCommand({ token, bootId: seen.bootId }, 'run-2', FAULTS));
    expect(talk.map(({ kind }) => kind)).toContain('rebooting');
    const rebooted = await os.afterBoot(seen.bootId);
    expect(bootedOf(rebooted).name).toBe(older.name);
    expect(await os.versions()).toBe('v2 active');
    // It runs the newest of what is denied by now: whoever wants it there has it, and Zincati goes to nothing older.
    expect(older.version).toBe('44.20261203.3.0');
    expect(rebooted.zincati.heldFor).toBeUndefined();
    expect(await startZincati()).toBe('active');
  });
});
