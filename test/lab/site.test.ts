/** `run site`: from bare hosts to a network that works; changed under its clients' eyes; and back by itself after a power cut of both. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/assets.ts';
import { labDora } from '../../src/lab/dora.ts';
import { labBoot, labCrash } from '../../src/lab/index.ts';
import { noLab, usePair } from './pair.ts';

describe.skipIf(noLab)('run site', () => {
  const pair = usePair();

  /** A command on a client that has taken a lease; stdout, with what udhcpc said on stderr. */
  function onClient(script: string): string {
    const cli = join(packageRoot(), 'dist/cli.js');
    const args = ['lab', 'client', '--lab-name', pair().labName, '--dhcp', '--', 'bash', '-c', script];
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (status !== 0) throw new Error(`the client ended with ${status}:\n${stdout}${stderr}`);
    return stdout.trim();
  }

  it('makes bare hosts serve time, names and addresses', async () => {
    const { code, summary } = await pair().run('site');
    expect(summary.hosts).toMatchObject({
      ns1: { status: 'changed', error: null },
      ns2: { status: 'changed', error: null },
    });
    expect(code).toBe(0);
  });

  it('gives a client a lease that names both servers, which answer it', () => {
    const [ns1, ns2] = pair().state.hosts.map(({ address }) => address);
    expect(onClient('echo "$LEASE_DNS / $LEASE_NTP"')).toBe(`${ns1} ${ns2} / ${ns1} ${ns2}`);
    expect(onClient('dig +short www.example.com; dig +short @${LEASE_DNS#* } www.example.com')).toBe(
      '192.0.2.80\n192.0.2.80',
    );
    const time = onClient(
      `for server in $LEASE_NTP; do chronyd -Q -U -t 10 "server $server iburst" 2>&1 | grep wrong; done`,
    );
    expect(time.match(/System clock wrong by/g)).toHaveLength(2);
  });

  it('changes nothing the second time', async () => {
    const { code, summary } = await pair().run('site');
    expect(summary).toMatchObject({ status: 'ok', hosts: { ns1: { changes: [] }, ns2: { changes: [] } } });
    expect(code).toBe(0);
  });

  it('brings a wider pool to both while clients take leases, and none has to wait', async () => {
    pair().edit('group_vars/dhcp.yaml', '192.0.2.100-192.0.2.199', '192.0.2.100-192.0.2.219');
    const clients = await labDora(pair().labName, { rate: 5 });
    const { code, summary } = await pair().run('site');
    const { asked, answered, refused, longestGapMs } = await clients.stop();
    expect(summary.hosts).toMatchObject({ ns1: { status: 'changed' }, ns2: { status: 'changed' } });
    expect(code).toBe(0);
    expect(asked).toBeGreaterThan(20);
    // Those that ask again get their answer; these here ask once, and may meet the milliseconds of docs/dhcp.md, which a busy machine makes longer.
    const { group } = summary.availability?.['dhcp'] ?? {};
    expect(group?.answered, JSON.stringify(summary.availability)).toBe(group?.asked);
    expect(asked - answered).toBeLessThanOrEqual(3);
    expect(longestGapMs).toBeLessThan(1_500);
    expect(refused).toBe(0);
    for (const host of ['ns1', 'ns2'])
      expect(await pair().onHost(host, 'grep -o "[0-9.]*219" /etc/kea/kea-dhcp4.conf')).toMatch(/\.219$/);
  });

  it('serves again after a power cut of both hosts, with nothing but the pair', async () => {
    const { labName } = pair();
    for (const host of ['ns1', 'ns2']) await labCrash(labName, host, { stayOff: true });
    for (const host of ['ns1', 'ns2']) await labBoot(labName, host);
    let said = '';
    for (let tries = 0; tries < 60; tries++) {
      const { code, stdout, stderr } = await pair().command(
        'status',
        '-i',
        pair().inventoryDir,
        '--lab',
        '--lab-name',
        labName,
      );
      if (code === 0) return;
      said = stdout + stderr;
      await sleep(1_000);
    }
    throw new Error(`they do not serve:\n${said}`);
  });
});
