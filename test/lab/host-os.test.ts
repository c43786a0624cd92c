/** OS upgrades by the helper alone, on real hosts: confirmed, never confirmed, booted twice, red, rolled back by a person. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OsDeployment, OsLook } from '../../src/host/os-look.ts';
import { parseOsLook } from '../../src/host/os-look-parse.ts';
import {
  type OsOpenRequest,
  osDeadlineCall,
  osGoCommand,
  osLookCall,
  osOpenCall,
  osRebootCommand,
  osRevertCall,
  osStageCall,
} from '../../src/host/os-verbs.ts';
import { type HostStep, parseStep } from '../../src/host/steps.ts';
import { confirmCall, statusCall } from '../../src/host/verbs.ts';
import { labBoot, labCrash, labPublish } from '../../src/lab/index.ts';
import { downHosts, endOf, errorOf, isPossible, LAB, type TestHost, upHosts } from './host-fixture.ts';

const FAULTS = { faults: true };
const BOOT_MS = 60_000;

describe.skipIf(!isPossible)('an OS upgrade by the helper', () => {
  let host: TestHost;
  let all: readonly TestHost[] = [];
  let token = '';

  beforeAll(async () => {
    all = await upHosts();
    [host] = all as [TestHost];
    await host.settle('v1');
    await host.shell('systemctl enable demo.service');
  });
  afterEach(async () => {
    await host.shell('rm -f /run/coreos-infra/lease').catch(() => host.forget());
  });
  afterAll(async () => {
    await downHosts(all);
  });

  async function look(): Promise<OsLook> {
    return parseOsLook(Buffer.from(await host.raw(osLookCall())));
  }

  const bootedOf = ({ deployments }: OsLook): OsDeployment => {
    const booted = deployments.find((deployment) => deployment.booted);
    if (booted === undefined) throw new Error('nothing is booted');
    return booted;
  };

  /** Opens the slot for the newest release, or a rollback, as the controller does. */
  async function open(target: string, over: Partial<OsOpenRequest> = {}): Promise<OsOpenRequest> {
    const seen = await look();
    if (token !== '') await host.release(token);
    token = randomUUID();
    await host.acquire(token);
    const booted = bootedOf(seen);
    const request: OsOpenRequest = {
      id: randomUUID().slice(0, 12),
      token,
      bootId: seen.bootId,
      owner: 'tester@desk',
      run: 'run-1',
      action: 'upgrade',
      from: booted.name,
      fromVersion: booted.version,
      to: '',
      toVersion: 'next',
      target,
      withinSec: 60,
      checkAfterSec: 1,
      units: ['demo.service', 'not-there.service'],
      dropStaged: '',
      ...over,
    };
    const steps = await host.call(osOpenCall(request, FAULTS));
    expect(endOf(steps), JSON.stringify(steps)).toMatchObject({ kind: 'opened', id: request.id });
    return request;
  }

  async function dialogue(command: string): Promise<readonly HostStep[]> {
    const connection = await host.connect();
    const steps: HostStep[] = [];
    try {
      const talk = await connection.start(command, { what: 'leaving', timeoutMs: 60_000 });
      talk.result.catch(() => undefined);
      for await (const line of talk.lines) {
        const step = parseStep(line);
        steps.push(step);
        if (step.kind === 'ready') await talk.write('go\n');
      }
    } catch (error) {
      // The link dies with the host, at any moment after go.
      if (!steps.some(({ kind }) => kind === 'ready')) throw error;
    } finally {
      await connection.close();
    }
    return steps;
  }

  /** The next look in another boot than `bootId`. */
  async function afterBoot(bootId: string): Promise<OsLook> {
    const deadline = performance.now() + BOOT_MS;
    for (;;) {
      host.forget();
      const seen = await look().catch(() => undefined);
      if (seen !== undefined && seen.bootId !== bootId) return seen;
      if (performance.now() > deadline) throw new Error('the host did not come back');
      await sleep(200);
    }
  }

  /** Until the slot is gone. */
  async function ended(): Promise<OsLook> {
    const deadline = performance.now() + BOOT_MS;
    for (;;) {
      const seen = await look().catch(() => {
        host.forget();
        return undefined;
      });
      if (seen !== undefined && seen.slot === undefined) return seen;
      if (performance.now() > deadline) throw new Error(`still open: ${JSON.stringify(seen?.slot)}`);
      await sleep(200);
    }
  }

  /** From open to the first look in the trial. */
  async function intoTrial(
    target: string,
    over: Partial<OsOpenRequest> = {},
  ): Promise<{ request: OsOpenRequest; seen: OsLook }> {
    const request = await open(target, over);
    // withinSec is the trial's; staging takes what it takes.
    expect(endOf(await host.call(osDeadlineCall(request, 120)))).toMatchObject({ kind: 'deadline' });
    const staged = await host.call(
      osStageCall({ ...request, revision: `revision=${target}`, allowDowngrade: false }, FAULTS),
    );
    expect(endOf(staged), JSON.stringify(staged)).toMatchObject({ kind: 'staged', to: `${target}.0` });
    const steps = await dialogue(osGoCommand(request, FAULTS));
    expect(errorOf(steps)).toBeUndefined();
    const seen = await afterBoot(request.bootId);
    return { request, seen };
  }

  /** What runs once the boot is over. */
  const versions = async (): Promise<string> => {
    await host.shell('systemctl is-system-running --wait || :');
    return host.versions();
  };

  const past = (seen: OsLook) => seen.past.at(-1);

  it('is staged locked, boots at go, and is confirmed', async () => {
    const release = await labPublish(LAB, '44.20261115.3.0');
    const before = await look();
    const request = await open(release.commit);
    const held = await look();
    expect(held.slot).toMatchObject({ id: request.id, state: 'armed', action: 'upgrade', from: request.from, to: '' });
    expect(held.zincati.active, 'held by the slot').not.toBe('active');
    expect(bootedOf(held).pinned).toBe(true);
    const staging = await host.call(
      osStageCall({ ...request, revision: `revision=${release.commit}`, allowDowngrade: false }, FAULTS),
    );
    expect(staging.some(({ kind }) => kind === 'progress')).toBe(true);
    expect((await look()).deployments[0]).toMatchObject({ staged: true, locked: true, checksum: release.commit });
    expect(endOf(await host.call(osDeadlineCall(request, 200)))).toMatchObject({ kind: 'deadline', expiresInSec: 200 });
    const steps = await dialogue(osGoCommand(request, FAULTS));
    expect(steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['ready', 'rebooting']));
    const seen = await afterBoot(request.bootId);
    expect(bootedOf(seen)).toMatchObject({ checksum: release.commit, version: '44.20261115.3.0' });
    expect(seen.slot).toMatchObject({ state: 'applied', trialBoot: seen.bootId, to: `${release.commit}.0` });
    expect(seen.slot?.deadlineInSec).toBeLessThanOrEqual(60);
    expect(errorOf(await host.call(confirmCall(request.id, request.bootId)))).toMatchObject({ error: 'booted' });
    expect(endOf(await host.call(confirmCall(request.id, seen.bootId)))).toMatchObject({ kind: 'confirmed' });
    const after = await look();
    expect(after.slot).toBeUndefined();
    expect(past(after)).toMatchObject({ id: request.id, state: 'confirmed', cause: '' });
    expect(after.deployments.filter(({ pinned }) => pinned)).toEqual([]);
    expect(after.zincati.active).toBe(before.zincati.active);
    expect(await versions()).toBe('v1 active');
  });

  it('goes back by itself when nobody confirms it, and blames nobody', async () => {
    const release = await labPublish(LAB, '44.20261201.3.0');
    const from = bootedOf(await look()).name;
    const { request } = await intoTrial(release.commit, { withinSec: 4 });
    const after = await ended();
    expect(bootedOf(after)).toMatchObject({ name: from, index: 0, pinned: false });
    expect(past(after)).toMatchObject({
      id: request.id,
      state: 'reverted',
      cause: 'deadline',
      to: `${release.commit}.0`,
    });
    expect(after.denied).toEqual([]);
    expect(await versions()).toBe('v1 active');
  });

  it('goes back at once when the host is booted a second time before it is confirmed', async () => {
    const { commit } = await labPublish(LAB, '44.20261202.3.0');
    const from = bootedOf(await look()).name;
    const { seen } = await intoTrial(commit);
    expect(seen.slot?.state).toBe('applied');
    await host.close();
    await labCrash(LAB, host.name, { stayOff: true });
    await labBoot(LAB, host.name);
    host.forget();
    const after = await ended();
    expect(bootedOf(after)).toMatchObject({ name: from, index: 0, pinned: false });
    expect(past(after)).toMatchObject({ state: 'reverted', cause: 'second-boot' });
    expect(after.denied).toMatchObject([{ checksum: commit, target: commit, cause: 'second-boot', run: 'run-1' }]);
    expect(await versions()).toBe('v1 active');
  });

  it('goes back when a unit that ran before does not run, with the words of that unit', async () => {
    const { commit } = await labPublish(LAB, '44.20261203.3.0');
    const { seen } = await intoTrial(commit);
    expect(bootedOf(seen).checksum).toBe(commit);
    await host.shell('systemctl stop demo.service');
    const after = await ended();
    expect(past(after)).toMatchObject({
      state: 'reverted',
      cause: 'checks',
      reason: expect.stringContaining('demo.service is inactive'),
    });
    expect(after.denied).toHaveLength(2);
    expect(await versions()).toBe('v1 active');
  });

  it('drops what is staged when it is aborted, and a reboot before go boots the old one', async () => {
    const { commit } = await labPublish(LAB, '44.20261204.3.0');
    const request = await open(commit);
    await host.call(osStageCall({ ...request, revision: `revision=${commit}`, allowDowngrade: false }, FAULTS));
    expect(endOf(await host.call(osRevertCall(request.id, 'abort', 'enough')))).toMatchObject({ kind: 'reverted' });
    const aborted = await look();
    expect(aborted.deployments.some(({ staged }) => staged)).toBe(false);
    expect(past(aborted)).toMatchObject({ state: 'reverted', cause: 'abort', reason: 'enough' });

    const again = await open(commit);
    await host.call(osStageCall({ ...again, revision: `revision=${commit}`, allowDowngrade: false }, FAULTS));
    await host.shell('systemctl reboot').catch(() => undefined);
    const after = await afterBoot(again.bootId);
    expect(bootedOf(after).name).toBe(request.from);
    expect(past(after)).toMatchObject({ id: again.id, state: 'reverted', cause: 'not-applied' });
    expect(after.slot).toBeUndefined();
  });

  it('rolls back to a deployment on disk, with the confirmed configuration, and reboots into the same OS', async () => {
    const before = await look();
    const older = before.deployments.find(({ booted }) => !booted);
    if (older === undefined) throw new Error('there is no other deployment');
    // Confirmed after the other deployment's /etc was made: only a reconcile brings it there.
    await host.settle('v2');
    const request = await open(older.checksum, { action: 'rollback', to: older.name, toVersion: older.version });
    const steps = await dialogue(osGoCommand(request, FAULTS));
    expect(errorOf(steps)).toBeUndefined();
    const seen = await afterBoot(request.bootId);
    expect(bootedOf(seen).name).toBe(older.name);
    expect(endOf(await host.call(confirmCall(request.id, seen.bootId)))).toMatchObject({ kind: 'confirmed' });
    expect(endOf(await host.call(statusCall(request.id)))).toMatchObject({
      state: 'confirmed',
      os: { to: older.name },
    });
    expect(await versions()).toBe('v2 active');
    expect((await look()).reconcileFailure).toBeUndefined();

    token = randomUUID();
    await host.acquire(token);
    const talk = await dialogue(osRebootCommand({ token, bootId: seen.bootId }, 'run-2', FAULTS));
    expect(talk.map(({ kind }) => kind)).toContain('rebooting');
    const rebooted = await afterBoot(seen.bootId);
    expect(bootedOf(rebooted).name).toBe(older.name);
    expect(await versions()).toBe('v2 active');
  });
});
