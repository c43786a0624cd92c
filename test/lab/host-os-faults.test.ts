/**
 * OS upgrades killed at points of the helper: the host ends on the new deployment, confirmed, or on the old one, and serves.
 * A sample by default; COREOS_INFRA_SWEEP=full tries every point. What stops at any instant is the model's business (test/model/upgrade.pml).
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { osDeadlineCall, osGoCommand, osRevertCall, osStageCall } from '../../src/host/os-verbs.ts';
import { osBackPoints, osPoints } from '../../src/host/points.ts';
import { labPublish } from '../../src/lab/index.ts';
import { downHosts, isPossible, LAB, type TestHost, upHosts } from './host-fixture.ts';
import { bootedOf, FAULTS, OsDriver } from './os-driver.ts';

const isFull = process.env['COREOS_INFRA_SWEEP'] === 'full';
const pick = (points: readonly string[], sample: string): readonly string[] =>
  points.filter((point) => isFull || point === sample);
/** Before the reboot: after the unlocking it is a race with rpm-ostree's own. The sample: everything is proven, and nobody unlocks. */
const FORWARD = pick(
  osPoints().filter((point) => point !== 'leave-reboot'),
  'rebooting',
);
/** The sample: the guard killed on the way back. */
const BACK = pick(
  osBackPoints().filter((point) => !point.startsWith('os-end')),
  'back-default',
);
/** Of an upgrade that is ended before it left. The sample: its slot is about to go, so nothing may be staged any more (B5). */
const DROP = pick(
  osBackPoints().filter((point) => point.startsWith('os-end') || ['os-reverted', 'archive'].includes(point)),
  'archive',
);

describe.skipIf(!isPossible)('an OS upgrade that is killed', () => {
  let host: TestHost;
  let all: readonly TestHost[] = [];
  let os: OsDriver;
  let target = '';

  beforeAll(async () => {
    all = await upHosts();
    [host] = all as [TestHost];
    os = new OsDriver(host);
    await host.settle('v1');
    await host.shell('systemctl enable demo.service');
    target = (await labPublish(LAB, '44.20261115.3.0')).commit;
  });
  afterEach(async () => {
    await host.shell('rm -f /run/coreos-infra/lease /var/lib/coreos-infra.fault*').catch(() => host.forget());
  });
  afterAll(async () => {
    await downHosts(all);
  });

  async function forward(): Promise<void> {
    const request = await os.open(target, { withinSec: 20 });
    await host.call(osDeadlineCall(request, 120));
    await host.call(osStageCall({ ...request, revision: `revision=${target}`, allowDowngrade: false }, FAULTS));
    await os.dialogue(osGoCommand(request, FAULTS));
  }

  /** The deadline of a slot that never left, now. */
  async function nobodyGoesOn(): Promise<void> {
    const { slot, bootId } = await os.look();
    if (slot?.state === 'armed') await host.call(osDeadlineCall({ id: slot.id, token: os.token, bootId }, 1));
  }

  for (const point of FORWARD)
    it(`at ${point} ends on the old deployment, nothing staged or pinned, when nobody goes on`, async () => {
      const from = bootedOf(await os.look()).name;
      await host.setFault(point, 'kill');
      // Wherever it dies: the call is cut off, or those after it are refused.
      await forward().catch(() => host.forget());
      await nobodyGoesOn().catch(() => host.forget());
      expect(await host.shell('ls /var/lib/coreos-infra.fault.hit'), 'the point was reached').toContain('hit');
      const after = await os.ended();
      expect(bootedOf(after)).toMatchObject({ name: from, index: 0, pinned: false });
      expect(after.deployments.some(({ staged }) => staged)).toBe(false);
      expect(after.denied).toEqual([]);
      expect(await os.versions()).toBe('v1 active');
    });

  for (const point of DROP)
    it(`at ${point} drops what was staged all the same when it is called off`, async () => {
      const from = bootedOf(await os.look()).name;
      const request = await os.open(target, { withinSec: 60 });
      await host.call(osStageCall({ ...request, revision: `revision=${target}`, allowDowngrade: false }, FAULTS));
      await host.setFault(point, 'kill');
      // By the installed helper, which has the fault in it.
      const revert = `bash /usr/local/libexec/coreos-infra/current/helper revert_request ${request.id} abort enough`;
      await host.shell(revert).catch(() => host.forget());
      expect(await host.shell('ls /var/lib/coreos-infra.fault.hit'), 'the point was reached').toContain('hit');
      const { slot, deployments } = await os.look();
      if (deployments.some(({ staged }) => staged)) expect(slot?.state, 'not ended before it is dropped').toBe('armed');
      // Asked for once more, as the controller does; the guard would do the same at the deadline.
      await host.call(osRevertCall(request.id, 'abort', 'enough'));
      const after = await os.ended();
      expect(bootedOf(after)).toMatchObject({ name: from, index: 0, pinned: false });
      expect(after.deployments.some(({ staged }) => staged)).toBe(false);
      expect(after.past.at(-1)).toMatchObject({ id: request.id, state: 'reverted', cause: 'abort' });
      expect(after.denied).toEqual([]);
    });

  for (const point of BACK)
    it(`at ${point} goes back all the same`, async () => {
      const from = bootedOf(await os.look()).name;
      await host.setFault(point, 'kill');
      await os.intoTrial(target, { withinSec: 5 });
      const after = await os.ended();
      expect(await host.shell('ls /var/lib/coreos-infra.fault.hit'), 'the point was reached').toContain('hit');
      expect(bootedOf(after)).toMatchObject({ name: from, index: 0, pinned: false });
      expect(after.past.at(-1)).toMatchObject({ state: 'reverted', cause: 'deadline' });
      expect(await os.versions()).toBe('v1 active');
    });
});
