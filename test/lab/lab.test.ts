/** The lab on this machine: hosts that are what they claim, come back, and leave nothing behind. */
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireHost, requireLab } from '../../src/lab/find.ts';
import { waitForHost } from '../../src/lab/hosts.ts';
import {
  type LabSpec,
  labBoot,
  labCrash,
  labCut,
  labDown,
  labFast,
  labFill,
  labFree,
  labHeal,
  labSlow,
  labStatus,
  labUp,
  sshArguments,
} from '../../src/lab/index.ts';
import { linkPrefix, machineName, netnsPrefix } from '../../src/lab/paths.ts';
import { listLabStates, readLabState } from '../../src/lab/state.ts';

const run = promisify(execFile);
const PREFIX = 'test-lab-';
const NAME = `${PREFIX}${process.pid}`;
const IMAGE = 'docker.io/coredns/coredns:1.15.0';

const isPossible = process.platform === 'linux' && process.getuid?.() === 0;
if (!isPossible) process.stderr.write('test/lab/lab.test.ts is skipped: the lab needs Linux and root\n');

const spec = (labName: string): LabSpec => ({
  labName,
  images: [IMAGE],
  hosts: [
    { name: 'ns1', address: '192.0.2.11', prefix: 24, interface: 'host0' },
    { name: 'ns2', address: '192.0.2.12', prefix: 24, interface: 'lan7' },
  ],
});
const quiet = { installDeps: true, log: () => undefined };

/** Labs of runs that were killed: their number is a process that is gone. */
async function removeLeftovers(): Promise<void> {
  for (const { name } of listLabStates()) {
    const pid = new RegExp(`^${PREFIX}(\\d+)`).exec(name)?.[1];
    if (pid !== undefined && !readdirSync('/proc').includes(pid)) await labDown(name);
  }
}

async function on(hostName: string, command: string): Promise<string> {
  const host = requireHost(requireLab(NAME), hostName);
  const { stdout } = await run('ssh', [...sshArguments(host, ['BatchMode=yes', 'LogLevel=ERROR']), command], {
    timeout: 60_000,
    maxBuffer: 16 << 20,
  });
  return stdout.trim();
}

async function newBoot(hostName: string, before: string): Promise<string> {
  for (let i = 0; i < 300; i++) {
    const now = await on(hostName, 'cat /proc/sys/kernel/random/boot_id').catch(() => before);
    if (now !== before) return now;
    await sleep(100);
  }
  throw new Error(`${hostName} did not boot again`);
}

describe.skipIf(!isPossible)('the lab', () => {
  beforeAll(async () => {
    await removeLeftovers();
    await labUp(spec(NAME), quiet);
  });
  afterAll(async () => {
    await labDown(NAME);
    await labDown(`${NAME}-b`);
  });

  it('says how to reach its hosts, and that works as it stands', async () => {
    const [host] = labStatus(NAME).hosts;
    if (host === undefined) throw new Error('no host');
    expect(host).toMatchObject({
      name: 'ns1',
      inventoryAddress: '192.0.2.11',
      user: 'core',
      port: 22,
      running: true,
      cut: false,
    });
    expect(host.os).toEqual({ version: '44.20261101.3.0', checksum: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const { stdout } = await run('ssh', [
      ...['-F', 'none', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${host.knownHostsFile}`],
      ...['-i', host.identityFile, '-p', String(host.port), `${host.user}@${host.address}`, 'id -un; sudo -n id -un'],
    ]);
    expect(stdout).toBe('core\nroot\n');
  });

  it('lets nobody in as root', async () => {
    const host = requireHost(requireLab(NAME), 'ns1');
    const asRoot = sshArguments({ ...host, user: 'root' }, ['BatchMode=yes', 'LogLevel=ERROR']);
    await expect(run('ssh', [...asRoot, 'true'])).rejects.toMatchObject({
      code: 255,
      stderr: expect.stringContaining('Permission denied'),
    });
  });

  it('boots an ostree deployment that systemd calls running', async () => {
    expect(await on('ns1', 'systemctl is-system-running --wait')).toBe('running');
    const checksum = labStatus(NAME).hosts[0]?.os?.checksum ?? 'none';
    expect(await on('ns1', 'sudo ostree admin status')).toContain(`* fedora-coreos ${checksum}.0`);
    expect(await on('ns1', '. /etc/os-release; echo $ID $VARIANT_ID $OSTREE_VERSION')).toBe(
      'fedora coreos 44.20261101.3.0',
    );
    expect(await on('ns1', 'cat /etc/resolv.conf')).toContain('nameserver 127.0.0.53');
    expect(await on('ns1', 'systemctl is-active sshd chronyd systemd-resolved')).toBe('active\nactive\nactive');
    expect(await on('ns2', 'ls /sys/class/net')).toContain('lan7');
  });

  it("keeps each host's control groups to itself, so that no systemd removes those of another", async () => {
    await on('ns1', 'sudo mkdir /sys/fs/cgroup/system.slice/only-ns1.service');
    const sees = 'test -e /sys/fs/cgroup/system.slice/only-ns1.service && echo yes || echo no';
    expect([await on('ns1', sees), await on('ns2', sees)]).toEqual(['yes', 'no']);
    await on('ns1', 'sudo rmdir /sys/fs/cgroup/system.slice/only-ns1.service');
  });

  it('has the tools of CoreOS, and neither python nor perl', async () => {
    const tools =
      'bash jq rsync dig socat curl nft tar gzip bzip2 xz zstd bsdtar lsof fuser ss ip ping openssl gpg getfacl getfattr flock podman skopeo chronyc';
    expect(await on('ns1', `for t in ${tools}; do command -v $t >/dev/null || echo no $t; done`)).toBe('');
    expect(await on('ns1', 'ls /usr/bin /usr/sbin | grep -E "^(python|perl)" || true')).toBe('');
  });

  it('keeps /var and /boot on bounded disks of their own, and /usr read-only', async () => {
    const mounts = await on(
      'ns1',
      "for m in /var /boot /usr; do findmnt -rno TARGET,FSTYPE,OPTIONS $m; done; df -BM --output=size /var /boot | tr -d ' M'",
    );
    expect(mounts).toMatch(/^\/var ext4 rw/m);
    expect(mounts).toMatch(/^\/boot ext4 rw/m);
    expect(mounts).toMatch(/^\/usr \S+ ro/m);
    const [varMb, bootMb] = mounts.split('\n').slice(-2).map(Number);
    expect(varMb).toBeLessThan(2_100);
    expect(bootMb).toBeLessThan(100);
  });

  it("runs the roles' image, made like upstream's, as a quadlet that may not pull", async () => {
    expect(await on('ns1', `sudo podman image inspect ${IMAGE} --format '{{.User}} {{.Config.Entrypoint}}'`)).toBe(
      '65532:65532 [/coredns]',
    );
    await on(
      'ns1',
      `sudo tee /etc/containers/systemd/probe.container >/dev/null <<'EOF'
[Container]
Image=${IMAGE}
Pull=never
Network=host
DropCapability=ALL
AddCapability=NET_BIND_SERVICE
Exec=-dns.port 1053
EOF
sudo systemctl daemon-reload; sudo systemctl start probe`,
    );
    expect(
      await on(
        'ns1',
        'for i in 1 2 3 4 5; do dig +short +tries=1 +time=1 @127.0.0.1 -p 1053 whoami.example TXT >/dev/null && break; sleep 0.2; done; systemctl is-active probe',
      ),
    ).toBe('active');
    await on(
      'ns1',
      'sudo systemctl stop probe; sudo rm /etc/containers/systemd/probe.container; sudo systemctl daemon-reload',
    );
  });

  it('changes nothing when brought up again', async () => {
    const ids = async (): Promise<string[]> =>
      Promise.all(['ns1', 'ns2'].map((name) => on(name, 'cat /proc/sys/kernel/random/boot_id')));
    const before = await ids();
    const started = Date.now();
    await labUp(spec(NAME), quiet);
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(await ids()).toEqual(before);
  });

  it('reboots: another boot, the same disks, the journal of the boot before', async () => {
    const before = await on(
      'ns1',
      'touch /var/tmp/kept; echo kept | sudo tee /etc/kept >/dev/null; cat /proc/sys/kernel/random/boot_id',
    );
    await on('ns1', 'sudo systemctl reboot').catch(() => undefined);
    await newBoot('ns1', before);
    await waitForHost(NAME, requireHost(requireLab(NAME), 'ns1'), 30_000);
    expect(await on('ns1', 'cat /etc/kept; ls /var/tmp/kept')).toBe('kept\n/var/tmp/kept');
    expect(await on('ns1', 'journalctl --list-boots')).toContain(before.replaceAll('-', ''));
  });

  it('comes back from a power cut', async () => {
    const before = await on('ns2', 'cat /proc/sys/kernel/random/boot_id');
    await labCrash(NAME, 'ns2', { stayOff: false });
    await newBoot('ns2', before);
  });

  it('cuts a host off and connects it again', async () => {
    expect(await labCut(NAME, 'ns2')).toBe(true);
    expect(await labCut(NAME, 'ns2')).toBe(false);
    expect(labStatus(NAME).hosts.map((host) => host.cut)).toEqual([false, true]);
    await expect(on('ns2', 'true')).rejects.toMatchObject({ code: 255 });
    expect(await labHeal(NAME, 'ns2')).toBe(true);
    expect(await labHeal(NAME, 'ns2')).toBe(false);
    expect(await on('ns2', 'hostname')).toBe('ns2');
  });

  it('stays off after a power cut when told so, until it is booted', async () => {
    await labCrash(NAME, 'ns2', { stayOff: true });
    await sleep(1_500);
    expect(labStatus(NAME).hosts.map((host) => host.running)).toEqual([true, false]);
    expect(await labBoot(NAME, 'ns2')).toBe(true);
    expect(await labBoot(NAME, 'ns2')).toBe(false);
  });

  it.each(['/var', '/boot'] as const)('fills %s to the last byte and frees it', async (disk) => {
    const free = `df -B1 --output=avail ${disk} | tail -n 1`;
    const write = `sudo bash -c 'echo something > ${disk}/probe' && sudo rm ${disk}/probe`;
    await labFill(NAME, 'ns1', disk);
    expect(Number(await on('ns1', free))).toBe(0);
    await expect(on('ns1', write)).rejects.toMatchObject({
      stderr: expect.stringMatching(/No space left/),
    });
    await labFree(NAME, 'ns1', disk);
    await on('ns1', write);
  });

  it('slows a link down, TCP and all, and makes it fast again', async () => {
    const pingMs = async (): Promise<number> => {
      const { address } = requireHost(requireLab(NAME), 'ns1');
      return Number(/= [\d.]+\/([\d.]+)\//.exec(await on('ns2', `ping -q -c 3 -i 0.2 ${address}`))?.[1]);
    };
    await labSlow(NAME, 'ns2', { delayMs: 40, lossPercent: 0 }, () => undefined);
    expect(labStatus(NAME).hosts.map((host) => host.slow)).toEqual([false, true]);
    expect(await pingMs()).toBeGreaterThan(79);
    expect(await on('ns2', 'head -c 5000000 /dev/zero | base64 -w0')).toHaveLength(6_666_668);
    await labUp(spec(NAME), quiet); // leaves it alone
    expect(await pingMs()).toBeGreaterThan(79);
    await labFast(NAME, 'ns2');
    await labFast(NAME, 'ns2');
    expect(labStatus(NAME).hosts.map((host) => host.slow)).toEqual([false, false]);
    expect(await pingMs()).toBeLessThan(20);
  });

  it('stands beside another lab of the same inventory, and goes without a trace', async () => {
    const other = `${NAME}-b`;
    await labUp(spec(other), quiet);
    const addresses = [NAME, other].flatMap((name) => readLabState(name)?.hosts.map((host) => host.address) ?? []);
    expect(new Set(addresses).size).toBe(4);
    expect(await labDown(other)).toBe(true);
    expect(await labDown(other)).toBe(false);
    expect(readdirSync('/run/netns').filter((name) => name.startsWith(netnsPrefix(other)))).toEqual([]);
    expect(readdirSync('/sys/class/net').filter((name) => name.startsWith(linkPrefix(other)))).toEqual([]);
    expect(execFileSync('losetup', ['--list'], { encoding: 'utf8' })).not.toContain(`/${other}/`);
    expect(execFileSync('ip', ['rule'], { encoding: 'utf8' })).not.toContain(linkPrefix(other));
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(other);
    const groups = execFileSync('find', ['/sys/fs/cgroup', '-name', machineName(other, 'ns1')], { encoding: 'utf8' });
    expect(groups).toBe('');
    expect(await on('ns1', 'hostname')).toBe('ns1');
  });
});
