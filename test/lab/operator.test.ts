/** The operator's commands on a real pair: status, drift, generations, revert, unlock; and services that only a peer can ask. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/assets.ts';
import type { FleetStatus, HostStatusReport } from '../../src/engine/fleet.ts';
import { type CommandResult, noLab, type Pair, usePair } from './pair.ts';

const COREFILE = '/etc/coredns/Corefile';
const ZONE = '/etc/coredns/zones/db.example.com';

describe.skipIf(noLab !== undefined)('an operator', () => {
  const pair = usePair();

  /** One of the operator's commands against the pair. */
  const operate = (...args: readonly string[]): Promise<CommandResult> =>
    pair().command(...args, '-i', pair().inventoryDir, '--lab-name', pair().labName);

  const status = async (
    ...args: readonly string[]
  ): Promise<FleetStatus & { readonly code: number; readonly exit: number }> => {
    const { code, stdout, stderr } = await operate('status', '--json', ...args);
    if (!stdout.startsWith('{')) throw new Error(`run status ended ${code}: ${stderr}`);
    return { ...(JSON.parse(stdout) as FleetStatus & { exit: number }), code };
  };

  const of = ({ hosts }: FleetStatus, name: string): HostStatusReport => {
    const found = hosts.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no ${name} in the status`);
    return found;
  };

  const ofDns = ({ pending }: HostStatusReport) => pending?.find(({ playbook }) => playbook === 'deploy-dns');

  test('sees a pair that nothing was deployed to: not in service, exit 0', async () => {
    const seen = await status();
    expect(seen.code).toBe(0);
    expect(seen.exit).toBe(0);
    expect(of(seen, 'ns1')).toMatchObject({ reached: true, generation: 0, helper: null, changeSet: null, lease: null });
    expect(of(seen, 'ns1').os?.version).toMatch(/^\d+\./);
    expect(of(seen, 'ns1').services['dns']).toMatchObject({ state: 'not-in-service', deployed: false });
    expect((await operate('revert', 'ns1')).code).toBe(2);
  });

  test('sees every zone answer after a deployment', async () => {
    expect((await pair().run('deploy-dns')).code).toBe(0);
    const seen = await status();
    expect(seen.code).toBe(0);
    for (const name of ['ns1', 'ns2'])
      expect(of(seen, name).services['dns']).toMatchObject({ state: 'serves', zones: { asked: 2, answering: 2 } });
    const { stdout } = await operate('status', 'ns1');
    expect(stdout).toMatch(/^HOST +OS +DNS .*CHANGE +NOTES\nns1 +44\.\S+ +2 zones /);
    expect(stdout).toContain('1 of 1 serves everything · no locks');
  });

  test('tells a hand edit from changes of ours, line by line, with its date', async () => {
    await pair().onHost('ns1', `sed -i '3i\\    log' ${COREFILE}`);
    const quick = await status('ns1');
    expect(of(quick, 'ns1').drift).toMatchObject([{ path: COREFILE, kind: 'edited', role: 'coredns' }]);
    const seen = await status('--drift');
    expect(of(seen, 'ns1').drift).toMatchObject([{ path: COREFILE, lines: ['-     log'] }]);
    expect(of(seen, 'ns1').pending?.map(({ playbook }) => playbook)).not.toContain('deploy-dns');
    pair().edit('zones/db.example.com', '192.0.2.60', '192.0.2.61');
    const described = of(await status('--drift'), 'ns1');
    expect(ofDns(described)).toMatchObject({ isFirst: false });
    expect(ofDns(described)?.resources).toContain('zone:example.com');
    expect(ofDns(described)?.resources).not.toContain(`file:${COREFILE}`);
    const check = await pair().run('deploy-dns', '--check', '--diff', '--limit', 'ns1');
    const change = check.summary.hosts['ns1']?.changes.find(({ resource }) => resource === `file:${COREFILE}`);
    expect(change).toMatchObject({ handEdit: ['-     log'] });
    expect(Date.parse(change?.handEditAt ?? '')).toBeGreaterThan(Date.now() - 3_600_000);
  });

  test('brings the generation before back, exactly, as a new one', async () => {
    const before = await pair().onHost('ns1', `sha256sum ${ZONE}`);
    expect((await pair().run('deploy-dns')).code).toBe(0);
    expect(await pair().onHost('ns1', `sha256sum ${ZONE}`)).not.toBe(before);
    const check = await operate('revert', 'ns1', '--check', '--diff');
    expect(check.code).toBe(0);
    expect(check.stdout).toContain('~ printer  A  192.0.2.61 → 192.0.2.60');
    expect(check.stdout).toContain('Nothing was touched.');
    const reverted = await operate('revert', 'ns1');
    expect(reverted.code).toBe(0);
    expect(reverted.stdout).toContain('✔ changed   generation 1 is back: ');
    expect(await pair().onHost('ns1', `sha256sum ${ZONE}`)).toBe(before);
    const { stdout } = await operate('generations', 'ns1', '--json');
    const [listed] = (JSON.parse(stdout) as { hosts: { generations: { generation: number; present: boolean }[] }[] })
      .hosts;
    expect(listed?.generations.map(({ generation, present }) => [generation, present])).toEqual([
      [3, true],
      [2, false],
      [1, false],
    ]);
    const seen = await status('--drift');
    expect(seen.code).toBe(0);
    expect(ofDns(of(seen, 'ns1'))?.resources).toContain('zone:example.com');
    expect((await operate('revert', 'ns1', '--to', '3')).stdout).toContain('already is as generation 3 was');
    expect((await operate('revert', 'ns1', '--to', '99')).code).toBe(2);
  });

  test('takes away what came later, with what the OS ships in its place', async () => {
    const shipped = await pair().onHost('ns1', 'cat /usr/etc/chrony.conf');
    expect((await pair().run('deploy-ntp')).code).toBe(0);
    const reverted = await operate('revert', 'ns1', '--json');
    expect(reverted.code).toBe(0);
    expect(await pair().onHost('ns1', 'cat /etc/chrony.conf')).toBe(shipped);
    expect(await pair().onHost('ns1', 'systemctl is-active chronyd coredns')).toBe('active\nactive');
    // ns2 still serves time: ns1 does not, and that is said.
    const seen = await status();
    expect(seen.code).toBe(2);
    expect(of(seen, 'ns1').services['ntp']).toMatchObject({ state: 'fails', deployed: false });
    // The last one that serves it is not touched.
    const refused = await operate('revert', 'ns2');
    expect(refused.code).toBe(2);
    expect(refused.stdout).toContain('its peer does not serve');
    expect((await operate('revert', 'ns2', '--force-unsafe')).code).toBe(0);
  });

  test('sees what a dead run left, takes its lock, and ends its change', async () => {
    await killAtVerify(pair());
    const seen = await status();
    expect(seen.code).toBe(0);
    expect(of(seen, 'ns1')).toMatchObject({
      changeSet: { state: 'applied', kind: 'config' },
      lease: { heldForSec: expect.any(Number) },
    });
    expect(of(seen, 'ns1').changeSet?.deadlineInSec).toBeGreaterThan(60);
    expect(of(seen, 'ns2').lease).not.toBeNull();
    // The lease goes, the change set ends only by its own rules.
    const unlocked = await operate('unlock', 'dns');
    expect(unlocked.code).toBe(5);
    expect(unlocked.stdout).toContain('ns2 is unlocked');
    expect(unlocked.stdout).toMatch(/To end it now: \S*run revert ns1/);
    expect((await operate('revert', 'ns1', '--to', '1')).code).toBe(5);
    const ended = await operate('revert', 'ns1');
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/change set [0-9a-f]{12} of \S+ is undone, back on generation \d+/);
    const after = await status();
    expect(of(after, 'ns1')).toMatchObject({ changeSet: null, lease: null, reverted: { reason: 'it was asked for' } });
    expect((await operate('unlock', 'dns')).stdout).toContain('ns1 is not locked: nothing to do');
  });

  test('needs --yes where nobody can be asked', async () => {
    for (const command of ['revert', 'unlock']) {
      const { code, stderr } = await pair().command(command, 'ns1', '-i', pair().inventoryDir);
      expect(code).toBe(1);
      expect(stderr).toContain('--yes');
    }
  });

  test('asks a service through its peer when this machine cannot reach it, and deploys to it', async () => {
    expect((await pair().run('deploy-dns')).code).toBe(0);
    const gateway = pair().state.networks[0]?.gateway ?? '';
    const close = `nft add table inet closed; nft add chain inet closed in { type filter hook input priority 0 \\; }
      for p in udp tcp; do nft add rule inet closed in ip saddr ${gateway} $p dport 53 drop; done`;
    for (const name of ['ns1', 'ns2']) await pair().onHost(name, close);
    const seen = await status();
    expect(seen.code).toBe(0);
    expect(of(seen, 'ns1').services['dns']).toMatchObject({ state: 'serves', askedFrom: 'ns2' });
    expect(seen.notes.join()).toContain('is silent from this machine');
    pair().edit('zones/db.example.com', '192.0.2.61', '192.0.2.62');
    const { code, summary, events } = await pair().run('deploy-dns');
    expect(code).toBe(0);
    expect(summary.hosts['ns1']?.status).toBe('changed');
    expect(summary.availability).toBeUndefined();
    const probes = events.flatMap((event) => (event.event === 'probe' ? [event.result] : []));
    expect(probes.every(({ from, ok }) => ok && (from === 'ns1' || from === 'ns2'))).toBe(true);
    await pair().onHost('ns1', 'systemctl stop coredns');
    expect((await status('ns1')).code).toBe(2);
    await pair().onHost('ns1', 'systemctl start coredns');
    for (const name of ['ns1', 'ns2']) await pair().onHost(name, 'nft delete table inet closed');
  });

  test('tells a host that does not answer from one that does not serve', async () => {
    expect((await pair().command('lab', 'cut', 'ns2', '--lab-name', pair().labName)).code).toBe(0);
    const seen = await status();
    expect(seen.code).toBe(4);
    expect(of(seen, 'ns2')).toMatchObject({ reached: false, error: { code: 'E_HOST_UNREACHABLE' } });
    expect(of(seen, 'ns1').services['dns']).toMatchObject({ state: 'serves' });
    expect((await pair().command('lab', 'heal', 'ns2', '--lab-name', pair().labName)).code).toBe(0);
    await pair().onHost('ns2', 'systemctl stop coredns');
    const stopped = await status();
    expect(stopped.code).toBe(2);
    expect(of(stopped, 'ns2').services['dns']?.failed[0]?.name).toContain('SOA ');
  });
});

/** A run that changes ns1 dies without a word while its change waits to be confirmed. */
async function killAtVerify(pair: Pair): Promise<void> {
  pair.edit('zones/db.example.com', '192.0.2.61', '192.0.2.63');
  const args = ['deploy-dns', '--limit', 'ns1', '-i', pair.inventoryDir, '--lab-name', pair.labName, '--json'];
  const child = spawn(process.execPath, [join(packageRoot(), 'dist/cli.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('"step":"verify"')) child.kill('SIGKILL');
    });
    child.on('close', (_code, signal) =>
      signal === 'SIGKILL' ? resolve() : reject(new Error(`the run ended by itself:\n${text}`)),
    );
  });
  pair.edit('zones/db.example.com', '192.0.2.63', '192.0.2.61');
}
