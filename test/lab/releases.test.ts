/** Releases that the lab publishes: as images, and bad ones, each of which is bad for real. */
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { requireHost, requireLab } from '../../src/lab/find.ts';
import { initOf } from '../../src/lab/hosts.ts';
import type { Break } from '../../src/lab/index.ts';
import { labBoot, labCrash, labPublish, labStatus, osRemoteUrl } from '../../src/lab/index.ts';
import { publishFolder } from '../../src/lab/paths.ts';
import { noLab, usePair } from './pair.ts';
import { OsHost } from './rpm-ostree-host.ts';

const FIRST = '44.20261101.3.0';
const GOOD = '44.20261115.3.0';

describe.skipIf(noLab !== undefined)('releases of the lab', () => {
  const pair = usePair({ hosts: ['ns1'] });
  const ns1 = new OsHost(pair, 'ns1');
  const lab = (): string => pair().labName;
  const server = (): string => osRemoteUrl(pair().state.networks[0]?.gateway ?? '');

  /** A command on the host without ssh, from outside; its output, '' when that cannot be had yet. */
  async function inside(command: string): Promise<string> {
    const init = initOf(requireHost(requireLab(lab()), 'ns1'));
    const words = ['--target', String(init), '--mount', '--pid', '--net', ...command.split(' ')];
    return promisify(execFile)('nsenter', words).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
  }

  /** Boots a bad release; `sees` is asked on it. Then somebody at the console goes back. */
  async function onBroken(broken: Break, version: string, sees: () => Promise<void>, seconds?: number): Promise<void> {
    await labPublish(lab(), version, { broken, ...(seconds === undefined ? {} : { seconds }) });
    await ns1.root('rpm-ostree upgrade');
    const host = requireHost(requireLab(lab()), 'ns1');
    const before = initOf(host);
    await ns1.root('systemctl reboot');
    await ns1.until(
      async () => labStatus(lab()).hosts[0]?.os?.version,
      (booted) => booted === version && initOf(host) !== undefined && initOf(host) !== before,
    );
    await sees();
    await labCrash(lab(), 'ns1', { stayOff: true });
    await labBoot(lab(), 'ns1', { entry: 1 });
    expect(await ns1.order()).toEqual([version, `${FIRST} booted`]);
    await ns1.root('rpm-ostree cleanup -p');
  }

  it('springs the traps of what was pulled and not staged (15, 16), and of what is staged and not the default (18)', async () => {
    const version = '44.20261130.3.0';
    await labPublish(lab(), version);
    await ns1.root('ostree pull fedora fedora/x86_64/coreos/stable');
    expect((await ns1.status()).deployments[0]).toMatchObject({ version: FIRST, 'pending-base-version': version });
    const faults = join(publishFolder(lab()), 'faults.json');
    writeFileSync(faults, '{"status": 503}');
    const cached = await ns1.root(`rpm-ostree deploy -C ${version}`);
    rmSync(faults);
    expect(cached).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: .*summary/) });
    expect((await ns1.root(`rpm-ostree deploy -C ${version}`)).code).toBe(0);
    expect(await ns1.order()).toEqual([`${version} staged`, `${FIRST} booted`]);
    expect(await ns1.root('ostree admin set-default 1')).toMatchObject({ code: 0, stderr: '' });
    expect(await ns1.order()).toEqual([`${FIRST} booted`]);
  });

  it('ssh: sshd does not start, all else does', async () => {
    await onBroken('ssh', '44.20261201.3.0', async () => {
      await ns1.until(
        () => inside('systemctl show --property=Result --value sshd'),
        (result) => result === 'exit-code',
      );
      expect((await ns1.run('true')).code).toBe(255);
      await ns1.until(
        () => inside('systemctl is-active chronyd'),
        (state) => state === 'active',
      );
    });
  });

  it('boot: the system never comes up, and cannot be asked to boot another entry while it hangs', async () => {
    await onBroken('boot', '44.20261202.3.0', async () => {
      await sleep(2_000);
      expect((await ns1.run('true')).code).toBe(255);
      await expect(labBoot(lab(), 'ns1', { entry: 1 })).rejects.toThrow('its boot menu is past');
    });
  });

  it('podman and dns: what they name, and nothing else', async () => {
    const reachable = (): Promise<unknown> =>
      ns1.until(
        () => ns1.run('true'),
        ({ code }) => code === 0,
      );
    await onBroken('podman', '44.20261203.3.0', async () => {
      await reachable();
      expect((await ns1.root('podman ps')).code).toBe(125);
    });
    await onBroken('dns', '44.20261204.3.0', async () => {
      await reachable();
      const address = pair().state.hosts[0]?.address ?? '';
      expect((await ns1.run('ss -lun')).stdout).toContain(`${address}:53 `);
      expect((await ns1.run(`dig +tries=1 +time=1 @${address} example.com`)).code).toBe(9);
      expect((await ns1.root('podman ps')).code).toBe(0);
    });
  });

  it('slow-boot and flapping: late, and again and again', async () => {
    const bootSeconds = 8;
    await onBroken(
      'slow-boot',
      '44.20261205.3.0',
      async () => {
        await ns1.until(
          () => ns1.run('true'),
          ({ code }) => code === 0,
        );
        const times = await ns1.run(
          'systemctl show --property=InactiveExitTimestampMonotonic --property=ActiveEnterTimestampMonotonic --value sshd',
        );
        const [one = 0, other = 0] = times.stdout.trim().split('\n').map(Number);
        expect(Math.abs(one - other)).toBeGreaterThanOrEqual(bootSeconds * 1_000_000);
      },
      bootSeconds,
    );
    await onBroken(
      'flapping',
      '44.20261206.3.0',
      async () => {
        await ns1.until(
          () => ns1.run('systemctl show --property=NRestarts --value chronyd'),
          ({ code, stdout }) => code === 0 && Number(stdout) >= 2,
        );
      },
      1,
    );
  });

  it('an image: the same release by its digest, on the host and in the graph', async () => {
    const image = `${server().replace('http://', '')}/fedora/fedora-coreos`;
    const first = await labPublish(lab(), GOOD, { oci: true });
    const second = await labPublish(lab(), '44.20261116.3.0', { oci: true });
    const origin = `ostree-unverified-registry:${image}:stable`;
    expect((await ns1.root(`rpm-ostree rebase --lock-finalization ${origin} ${first.digest}`)).code).toBe(0);
    const [staged] = await ns1.ostree();
    expect(staged).toMatchObject({ refspec: null, 'finalization-locked': true });
    expect(staged).not.toHaveProperty('version');
    expect(await ns1.root(`rpm-ostree finalize-deployment ${staged?.checksum}`)).toMatchObject({
      code: 1,
      stderr: `error: Expected staged base checksum ${staged?.checksum}, but found ${first.digest}\n`,
    });
    await ns1.booted(() => ns1.root(`rpm-ostree finalize-deployment ${first.digest}`));
    const { deployments } = await ns1.status();
    expect(deployments[0]).toMatchObject({
      version: GOOD,
      booted: true,
      checksum: staged?.checksum,
      'container-image-reference': origin,
      'container-image-reference-digest': first.digest,
    });
    expect(deployments[0]).not.toHaveProperty('origin');
    const wrong = await ns1.root(
      `rpm-ostree deploy ${GOOD}; rpm-ostree deploy revision=${first.digest}; rpm-ostree deploy sha256:${'1'.repeat(64)}`,
    );
    expect(wrong.stderr).toMatch(
      /^(error: Preparing import: Fetching manifest: failed to invoke method OpenImage: invalid reference format\n){2}error: .* manifest unknown\n$/,
    );
    expect((await ns1.root(`rpm-ostree deploy --unchanged-exit-77 ${first.digest}`)).code).toBe(77);
    expect((await ns1.root('rpm-ostree upgrade')).code).toBe(0);
    expect((await ns1.status()).deployments[0]?.['container-image-reference-digest']).toBe(second.digest);
    const older = await ns1.root(`rpm-ostree deploy --disallow-downgrade ${first.digest}`);
    expect(older.stderr).toContain('While checking against deployment timestamp: Upgrade target revision');

    const graph = await fetch(`${server()}/v1/graph?stream=stable&basearch=x86_64&oci=true`);
    const { nodes, edges } = (await graph.json()) as { nodes: { payload: string }[]; edges: number[][] };
    expect(nodes.map(({ payload }) => payload)).toEqual([`${image}@${first.digest}`, `${image}@${second.digest}`]);
    expect(edges).toEqual([[0, 1]]);
    expect((await fetch(`${server()}/v1/graph?stream=stable`)).status).toBe(400);
  });
});
