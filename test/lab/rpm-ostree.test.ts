/**
 * The lab's stand-in for rpm-ostree, on real ostree: it has to spring every trap that the real programs spring, or code that
 * falls into one would pass here. Numbers in titles are those of docs/lab.md, "Traps".
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { labCrash, labPublish } from '../../src/lab/index.ts';
import { noLab, usePair } from './pair.ts';
import { OsHost, withSlowServer } from './rpm-ostree-host.ts';

const FIRST = '44.20261101.3.0';
const SECOND = '44.20261115.3.0';
const THIRD = '44.20261201.3.0';

describe.skipIf(noLab !== undefined)("the lab's rpm-ostree", () => {
  const pair = usePair();
  const ns1 = new OsHost(pair, 'ns1');
  const ns2 = new OsHost(pair, 'ns2');
  const lab = (): string => pair().labName;

  beforeAll(async () => {
    await labPublish(lab(), SECOND);
    await labPublish(lab(), THIRD);
  });

  it('shows core what is booted, without sudo, and changes nothing for core', async () => {
    const shown = await ns1.status();
    expect(Object.keys(shown).sort()).toEqual(['cached-update', 'deployments', 'transaction', 'update-driver']);
    expect(shown.deployments).toHaveLength(1);
    expect(shown.deployments[0]).toMatchObject({
      osname: 'fedora-coreos',
      version: FIRST,
      booted: true,
      staged: false,
      pinned: false,
      unlocked: 'none',
      serial: 0,
      origin: 'fedora:fedora/x86_64/coreos/stable',
    });
    expect(await ns1.run('rpm-ostree status --json --jsonpath=x')).toMatchObject({
      code: 1,
      stderr: 'error: Cannot specify both --json and --jsonpath\n',
    });
    expect(await ns1.run(`rpm-ostree deploy ${SECOND}`)).toMatchObject({
      code: 1,
      stderr: 'error: rpmostreed OS operation Deploy not allowed for user\n',
    });
    expect((await ns1.run('rpm-ostree status --pending-exit-77')).code).toBe(0);
  });

  it('does not find what was not published', async () => {
    const ref = 'fedora:fedora/x86_64/coreos/stable';
    const missing = 'f'.repeat(64);
    const { stderr } = await ns1.root(
      `rpm-ostree deploy 44.1; rpm-ostree deploy revision=${missing}; rpm-ostree rebase ${ref}; rpm-ostree rollback; rpm-ostree cleanup; rpm-ostree deploy --nonsense x`,
    );
    expect(stderr.trim().split('\n')).toEqual([
      `error: Version 44.1 not found in ${ref}`,
      `error: Checksum ${missing} not found in ${ref}`,
      `error: Old and new refs are equal: ${ref}`,
      'error: No rollback deployment found',
      'error: At least one cleanup option must be specified',
      'error: Unknown option --nonsense',
    ]);
  });

  it('keeps a locked deployment locked when it is deployed again (2), and its JSON never says so (6)', async () => {
    expect(await ns1.root(`rpm-ostree deploy --lock-finalization ${SECOND}`)).toMatchObject({ code: 0 });
    const again = await ns1.root(`rpm-ostree deploy --unchanged-exit-77 ${SECOND}`);
    expect(again).toMatchObject({ code: 77, stdout: expect.stringContaining('No change.\n') });
    const [staged] = await ns1.ostree();
    expect(staged).toMatchObject({ staged: true, 'finalization-locked': true });
    expect((await ns1.status()).deployments[0]).not.toHaveProperty('finalization-locked');
    expect((await ns1.run('rpm-ostree status --pending-exit-77')).code).toBe(77);
    const { stderr } = await ns1.root(
      `rpm-ostree finalize-deployment ${'0'.repeat(64)}; rpm-ostree finalize-deployment; rpm-ostree rollback; ostree admin pin 0`,
    );
    expect(stderr.trim().split('\n')).toEqual([
      `error: Expected staged base checksum ${'0'.repeat(64)}, but found ${staged?.checksum}`,
      'error: usage error: Must provide expected CHECKSUM or --allow-missing-checksum',
      'error: Staged deployment (remove with cleanup -p)',
      'error: Cannot pin staged deployment',
    ]);
  });

  it('stages again unlocked when kernel arguments are added (5)', async () => {
    expect((await ns1.root('rpm-ostree kargs --append=lab=1')).code).toBe(0);
    const [staged] = await ns1.ostree();
    expect(staged).toMatchObject({ staged: true, 'finalization-locked': false });
    expect((await ns1.run('rpm-ostree kargs')).stdout).toBe('root=lab ignition.platform.id=qemu lab=1\n');
    expect(await ns1.root(`rpm-ostree finalize-deployment ${staged?.checksum}`)).toMatchObject({
      code: 1,
      stderr: 'error: Staged deployment already unlocked\n',
    });
    expect((await ns1.root('rpm-ostree cleanup -p')).code).toBe(0);
    expect(await ns1.order()).toEqual([`${FIRST} booted`]);
  });

  it('reports a refused apply-live and has unlocked the booted deployment all the same (7)', async () => {
    const { code, stderr } = await ns2.root('rpm-ostree apply-live');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'error: packages would be changed: 2, allow replacement to override\n',
    });
    expect((await ns2.status()).deployments[0]?.unlocked).toBe('transient');
  });

  it('does one thing at a time, joins what is the same, and goes on when its client dies (11, 12)', async () => {
    await withSlowServer(lab(), 700, async () => {
      await ns1.root(`systemd-run --unit=first -p StandardOutput=file:/run/first rpm-ostree deploy ${THIRD}`);
      await ns1.until(
        () => ns1.status(),
        ({ transaction }) => transaction?.[0] === 'Deploy',
      );
      const busy = `Transaction in progress: deploy ${THIRD} `;
      expect(await ns1.root('rpm-ostree upgrade')).toMatchObject({
        code: 1,
        stderr: `error: ${busy}\n You can cancel the current transaction with \`rpm-ostree cancel\`\n`,
      });
      const cleanup = await ns1.root('rpm-ostree cleanup -p');
      expect(cleanup).toMatchObject({ code: 1, stderr: expect.stringContaining(`Invoking cleanup: GDBus.Error:`) });
      expect(cleanup.stderr).toContain(busy);
      expect((await ns1.root('timeout 1 ostree admin pin 0')).code).toBe(124);
      await ns1.root(`systemctl kill --signal=KILL first`);
      const joined = await ns1.root(`rpm-ostree deploy ${THIRD}`);
      expect(joined).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`Attaching to existing transaction: deploy ${THIRD} \n`),
      });
    });
    expect(await ns1.order()).toEqual([`${THIRD} staged`, `${FIRST} booted`]);
  });

  it('cancels, late, and keeps what was staged before; a daemon that dies loses its transaction (12, 20)', async () => {
    expect(await ns1.root('rpm-ostree cancel')).toMatchObject({ code: 0, stdout: 'No active transaction.\n' });
    await withSlowServer(lab(), 700, async () => {
      const cancelled = ns1.root(`rpm-ostree deploy ${SECOND}`);
      await ns1.until(
        () => ns1.status(),
        ({ transaction }) => transaction !== null,
      );
      expect(await ns1.root('rpm-ostree cancel')).toMatchObject({
        code: 0,
        stdout: `Cancelling transaction: deploy ${SECOND} \nCancelled.\n`,
      });
      expect(await cancelled).toMatchObject({ code: 1, stderr: 'error: Operation was cancelled\n' });
      const orphaned = ns1.root(`rpm-ostree deploy ${SECOND}`);
      await ns1.until(
        () => ns1.status(),
        ({ transaction }) => transaction !== null,
      );
      await ns1.root('systemctl kill --signal=KILL rpm-ostreed');
      expect(await orphaned).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('error: Bus owner changed, aborting. This likely means the daemon crashed'),
      });
    });
    expect((await ns1.status()).transaction).toBeNull();
    expect(await ns1.order()).toEqual([`${THIRD} staged`, `${FIRST} booted`]);
  });

  it('loses what is staged in a power cut, without a word (20)', async () => {
    await ns1.booted(() => labCrash(lab(), 'ns1', { stayOff: false }));
    expect(await ns1.order()).toEqual([`${FIRST} booted`]);
    expect((await ns1.run('systemctl is-system-running --wait')).stdout).toBe('running\n');
  });

  it('refuses for a living driver, in the client and for updates only (4), and Zincati replaces what is staged (3)', async () => {
    await ns1.root(
      `rm /etc/zincati/config.d/90-lab-disabled.toml; printf "[agent.timing]\\nsteady_interval_secs = 1\\n[updates]\\nstrategy = \\"periodic\\"\\n" > /etc/zincati/config.d/60-test.toml; rpm-ostree deploy ${SECOND} && systemctl restart zincati`,
    );
    await ns1.until(
      () => ns1.ostree(),
      ([first]) => first?.version === THIRD && first.staged && first['finalization-locked'],
    );
    expect((await ns1.status())['update-driver']).toEqual({
      'driver-name': 'Zincati',
      'driver-sd-unit': 'zincati.service',
    });
    const guard = {
      code: 1,
      stderr: expect.stringContaining(
        "error: Updates and deployments are driven by Zincati (zincati.service)\nSee Zincati's documentation at https://github.com/coreos/zincati\nUse --bypass-driver to bypass Zincati and perform the operation anyways\n",
      ),
    };
    for (const words of ['upgrade', 'upgrade --check', `deploy ${SECOND}`, 'rebase x:y']) {
      expect(await ns1.root(`rpm-ostree ${words}`), words).toMatchObject(guard);
    }
    expect((await ns1.run('systemctl show --property=StatusText zincati')).stdout).toContain(`update staged: ${THIRD}`);
    expect((await ns1.root('rpm-ostree cleanup -p')).code).toBe(0);
    await ns1.root('systemctl stop zincati');
    expect((await ns1.root('rpm-ostree upgrade --check')).code).toBe(0);
    expect((await ns1.status())['update-driver']).not.toBeNull();
    await ns1.root(
      'rm /etc/zincati/config.d/60-test.toml; printf "[updates]\\nenabled = false\\n" > /etc/zincati/config.d/90-lab-disabled.toml',
    );
  });

  it('does not reboot past a block inhibitor: not unlocked, but staged with -r; nor does a detached reboot (14)', async () => {
    await ns1.root(
      'systemd-run --unit=inhibitor systemd-inhibit --what=shutdown --mode=block --who=somebody --why=because sleep infinity',
    );
    await ns1.until(
      () => ns1.run('systemd-inhibit --list --no-legend'),
      ({ stdout }) => stdout.includes('somebody'),
    );
    const blocked = {
      code: 1,
      stderr: 'error: Reboot blocked by a systemd inhibitor lock in `block` mode\nHeld by: somebody\nReason: because\n',
    };
    expect(await ns1.root(`rpm-ostree deploy --lock-finalization -r ${SECOND}`)).toMatchObject(blocked);
    const [staged] = await ns1.ostree();
    expect(await ns1.root(`rpm-ostree finalize-deployment ${staged?.checksum}`)).toMatchObject(blocked);
    expect((await ns1.ostree())[0]).toMatchObject({ staged: true, 'finalization-locked': true });
    const { code } = await ns1.root('systemd-run --wait --quiet systemctl reboot');
    expect(code).not.toBe(0);
    await ns1.root('systemctl stop inhibitor');
  });

  it('boots the old system when what is staged is locked (2)', async () => {
    await ns1.reboot();
    expect(await ns1.order()).toEqual([`${FIRST} booted`]);
    expect((await ns1.run('journalctl -b -1 -u ostree-finalize-staged --output=cat')).stdout).toContain(
      'Not finalizing; deployment is locked for finalization',
    );
  });

  it('boots what finalize-deployment unlocked, with the /etc of the last moment', async () => {
    await ns1.root(`rpm-ostree deploy --lock-finalization ${SECOND}; echo late > /etc/late`);
    const [staged] = await ns1.ostree();
    await ns1.booted(() => ns1.root(`rpm-ostree finalize-deployment ${staged?.checksum}`));
    expect(await ns1.order()).toEqual([`${SECOND} booted`, FIRST]);
    expect((await ns1.run('cat /etc/late; . /etc/os-release; echo $OSTREE_VERSION')).stdout).toBe(`late\n${SECOND}\n`);
    expect((await ns1.run('cat /proc/cmdline')).stdout).toMatch(/ ostree=\/ostree\/boot\.\d\//);
  });

  it('stages what is booted once more while another entry is the default (8), and rollback twice changes nothing', async () => {
    expect(await ns1.root('rpm-ostree rollback')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Moving '[0-9a-f]{64}\.0' to be first deployment\nBootloader updated;/),
    });
    expect(await ns1.order()).toEqual([FIRST, `${SECOND} booted`]);
    expect((await ns1.root(`rpm-ostree deploy --unchanged-exit-77 ${SECOND}`)).code).toBe(0);
    const { deployments } = await ns1.status();
    expect(deployments.map(({ serial, staged }) => [serial, staged])).toEqual([
      [1, true],
      [0, false],
      [0, false],
    ]);
    await ns1.root('ostree admin set-default 1');
    expect(await ns1.order()).not.toContain(`${SECOND} staged`);
    expect((await ns1.root('rpm-ostree rollback')).code).toBe(0);
    expect(await ns1.order()).toEqual([`${SECOND} booted`, FIRST]);
  });

  it('deletes the way back with cleanup -p after a rollback (1)', async () => {
    await ns1.root('rpm-ostree rollback');
    const { code, stdout } = await ns1.root('rpm-ostree cleanup -p');
    expect(code).toBe(0);
    expect(stdout).toContain('deployment count change: -1');
    expect(await ns1.root('rpm-ostree rollback')).toMatchObject({
      code: 1,
      stderr: 'error: No rollback deployment found\n',
    });
    expect(await ns1.root('rpm-ostree cleanup -p')).toMatchObject({ code: 0, stdout: 'Deployments unchanged.\n' });
  });

  it('shows a failed finalization in its text, in the boot-complete unit, and nowhere in its JSON (17)', async () => {
    await labPublish(lab(), '44.20261202.3.0', { broken: 'finalize' });
    await ns1.root('rpm-ostree upgrade');
    await ns1.reboot();
    expect(await ns1.order()).toEqual([`${SECOND} booted`]);
    expect((await ns1.run('systemctl is-failed ostree-boot-complete')).stdout).toBe('failed\n');
    expect((await ns1.run('rpm-ostree status')).stdout).toContain('Warning: failed to finalize previous deployment\n');
    const count = 'ls -d /ostree/deploy/fedora-coreos/deploy/*/ | wc -l';
    expect((await ns1.root(count)).stdout).toBe('2\n');
    await ns1.root('rpm-ostree cleanup -b');
    expect((await ns1.root(count)).stdout).toBe('1\n');
  });

  it('refuses what is older when told so, by the time of the commit (9)', async () => {
    const { code, stderr } = await ns1.root(`rpm-ostree deploy --disallow-downgrade ${FIRST}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: While pulling [0-9a-f]{64}: Upgrade target revision '[0-9a-f]{64}' with timestamp '.*' is chronologically older than current revision '[0-9a-f]{64}' with timestamp '.*'; use --allow-downgrade to permit\n$/,
    );
    expect((await ns1.root(`rpm-ostree deploy ${FIRST}`)).code).toBe(0);
  });

  it('reboots although the client of deploy -r is gone (13)', async () => {
    await withSlowServer(lab(), 400, () =>
      ns1.booted(async () => {
        await ns1.root(`systemd-run --unit=gone rpm-ostree deploy -r ${THIRD}`);
        await ns1.until(
          () => ns1.status(),
          ({ transaction }) => transaction !== null,
        );
        await ns1.root('systemctl kill --signal=KILL gone');
      }),
    );
    expect(await ns1.order()).toEqual([`${THIRD} booted`, SECOND]);
  });
});
