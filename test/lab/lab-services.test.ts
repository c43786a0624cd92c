/** What the lab has for tests of services: Kea's images, clients on the LAN, a time server, clocks that are wrong. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labClock, labDora, labNtpOff, labNtpOn, spawnClient } from '../../src/lab/index.ts';
import { linkPrefix } from '../../src/lab/paths.ts';
import { readExchange } from '../../src/ntp/reading.ts';
import { exchangeNtp } from '../../src/probes/ntp.ts';
import { runProbes } from '../../src/probes/run.ts';
import type { DhcpProbe, ProbeResult } from '../../src/probes/types.ts';
import { noLab, usePair } from './pair.ts';

const KEA = 'docker.cloudsmith.io/isc/docker/kea-dhcp4';
/** Each host runs another version, by itself, with a pool of its own. */
const SERVERS = [
  { host: 'ns1', version: '2.6.3', first: 100 },
  { host: 'ns2', version: '3.0.3', first: 130 },
] as const;
const LEASES = '/var/lib/kea/kea-leases4.csv';

describe.skipIf(noLab)('services of the lab', () => {
  const pair = usePair({ images: SERVERS.map(({ version }) => `${KEA}:${version}`) });
  const addressOf = (host: string): string => pair().state.hosts.find(({ name }) => name === host)?.address ?? '';
  const gateway = (): string => pair().state.networks[0]?.gateway ?? '';
  const client = (...args: readonly string[]) => pair().command('lab', 'client', '--lab-name', pair().labName, ...args);
  const ask = async (host: string, change: Partial<DhcpProbe> = {}, tries = 3): Promise<ProbeResult | undefined> => {
    const server = addressOf(host);
    const probe: DhcpProbe = { kind: 'dhcp', servers: [server], port: 67, link: server, exchange: 'offer', ...change };
    return (await runProbes([probe], { timeoutMs: 2_000, tries }))[0];
  };
  const offsetMs = async (): Promise<number | string> => {
    const said = await exchangeNtp(gateway(), 123, 5_000);
    return typeof said === 'string' ? said : readExchange(said, 10).offsetMs;
  };

  describe('Kea, of both versions', () => {
    beforeAll(async () => {
      await Promise.all(
        SERVERS.map(({ host, version, first }) => {
          const config = keaConfig(addressOf(host), gateway(), first);
          return pair().onHost(
            host,
            `mkdir -p /etc/kea /var/lib/kea && mkdir -m 0750 /run/kea && cat >/etc/kea/kea-dhcp4.conf <<"EOF"\n${config}\nEOF\n` +
              'podman run --detach --name kea --network host --cap-drop ALL --cap-add NET_RAW,NET_BIND_SERVICE ' +
              `-v /etc/kea:/etc/kea:ro -v /var/lib/kea:/var/lib/kea -v /run/kea:/run/kea ${KEA}:${version}`,
          );
        }),
      );
    });
    afterAll(() => Promise.all(SERVERS.map(({ host }) => pair().onHost(host, 'podman rm --force --time 0 kea'))));

    it.each(SERVERS)(
      '$version offers an address to the probe, which leaves no lease behind',
      async ({ host, first }) => {
        await expect
          .poll(() => ask(host), { timeout: 20_000 })
          .toMatchObject({
            ok: true,
            detail: expect.stringMatching(
              new RegExp(`\\.${first} offered by ${addressOf(host)}, router ${gateway()}, dns`),
            ),
          });
        expect((await ask(host))?.silent).toBeUndefined();
        expect(await pair().onHost(host, `wc -l <${LEASES}`)).toBe('1'); // the heading
      },
    );

    it.each(SERVERS)('$version gives it a lease, and gets it back', async ({ host }) => {
      expect(await ask(host, { exchange: 'lease' })).toMatchObject({
        ok: true,
        detail: expect.stringContaining('leased'),
      });
      // The last line of a lease that was given back: no time is left to it.
      const lines = () => pair().onHost(host, `tail -n 1 ${LEASES} | cut -d, -f4`);
      await expect.poll(lines, { timeout: 10_000 }).toBe('0');
    });

    it('answers for the subnet that is named, and is silent for one that it does not have', async () => {
      expect(await ask('ns1', { link: gateway() })).toMatchObject({
        ok: true,
        detail: expect.stringContaining('offered'),
      });
      expect(await ask('ns1', { link: '198.51.100.1' }, 1)).toMatchObject({ ok: true, silent: true });
    });

    it('serves a client of the LAN, which has no address before', async () => {
      const bare = await client('--', 'ip', '-json', '-4', 'address', 'show', 'dev', 'eth0');
      expect(bare).toMatchObject({ code: 0 });
      expect(JSON.parse(bare.stdout).flatMap((link: { addr_info?: unknown[] }) => link.addr_info ?? [])).toEqual([]);
      const leased = await client(
        '--dhcp',
        '--',
        'sh',
        '-c',
        'ip -4 address show eth0; cat /etc/resolv.conf; ping -c 1 $LEASE_SERVER',
      );
      expect(leased).toMatchObject({ code: 0 });
      expect(leased.stdout).toContain(`nameserver ${addressOf('ns1')}`);
      expect(leased.stderr).toMatch(/lease: \S+ from \S+ for 600 s/);
      expect(await client('--', 'sh', '-c', 'exit 7')).toMatchObject({ code: 7 });
    });

    it('is measured by clients that come one after the other', async () => {
      const run = await labDora(pair().labName, { rate: 10 });
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const before = await run.stop();
      expect(before.answered).toBeGreaterThan(10);
      expect(Object.keys(before.byServer)).not.toEqual([]);
      await Promise.all(SERVERS.map(({ host }) => pair().onHost(host, 'podman stop --time 0 kea')));
      const lost = await labDora(pair().labName, { rate: 10 });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(await lost.stop()).toMatchObject({ answered: 0, byServer: {} });
    });
  });

  it('has clients that leave nothing behind when they are killed', async () => {
    const links = () => readdirSync('/sys/class/net').filter((name) => name.startsWith(linkPrefix(pair().labName)));
    const before = links();
    const child = spawnClient(
      pair().labName,
      ['sh', '-c', 'echo up; sleep 600'],
      {},
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(links()).toHaveLength(before.length + 1);
    child.kill('SIGKILL');
    await expect.poll(links, { timeout: 20_000 }).toEqual(before);
  });

  it('has a time server on the gateway, which can be wrong, and off', async () => {
    expect(Math.abs(Number(await offsetMs()))).toBeLessThan(1_000);
    await labNtpOn(pair().labName, '-90');
    expect(Number(await offsetMs()) / 1_000).toBeCloseTo(-90, 0);
    await labNtpOff(pair().labName);
    expect(await offsetMs()).toContain('nothing listens there');
    await labNtpOn(pair().labName);
    expect(Math.abs(Number(await offsetMs()))).toBeLessThan(1_000);
    await expect(labNtpOn(pair().labName, 'soon')).rejects.toMatchObject({
      code: 'E_LAB',
      remedy: expect.stringContaining('+45s'),
    });
  });

  it('has hosts whose clock can be wrong, until they boot', async () => {
    const aheadSec = async (): Promise<number> =>
      Math.round(Number(await pair().onHost('ns2', 'date +%s.%N')) - Date.now() / 1_000);
    expect(await labClock(pair().labName, 'ns2', '+45s')).toEqual(['chronyd.service']);
    expect(await aheadSec()).toBeGreaterThanOrEqual(40);
    await labClock(pair().labName, 'ns2', '0');
    expect(await aheadSec()).toBeLessThan(5);
    await labClock(pair().labName, 'ns2', '+90');
    expect((await pair().command('lab', 'crash', '--lab-name', pair().labName, 'ns2')).code).toBe(0);
    expect((await pair().command('lab', 'boot', '--lab-name', pair().labName, 'ns2')).code).toBe(0);
    expect(await aheadSec()).toBeLessThan(5);
  });
});

function keaConfig(address: string, gateway: string, first: number): string {
  const net = address.replace(/\.\d+$/, '');
  return JSON.stringify({
    Dhcp4: {
      'interfaces-config': { interfaces: ['host0'] },
      'lease-database': { type: 'memfile', name: 'kea-leases4.csv' },
      'valid-lifetime': 600,
      'hooks-libraries': [{ library: '/usr/lib/kea/hooks/libdhcp_lease_cmds.so' }],
      subnet4: [
        {
          id: 1,
          subnet: `${net}.0/24`,
          pools: [{ pool: `${net}.${first} - ${net}.${first + 25}` }],
          'option-data': [
            { name: 'routers', data: gateway },
            { name: 'domain-name-servers', data: `${net}.11, ${net}.12` },
          ],
        },
      ],
    },
  });
}
