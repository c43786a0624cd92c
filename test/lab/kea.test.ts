/** deploy-dhcp on a pair of real hosts with Kea 2.6.3: leases for clients all the while, and what is refused, with its words. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/engine/events.ts';
import { labDora } from '../../src/lab/index.ts';
import { noLab, type RunResult, usePair } from './pair.ts';

const HOSTS = ['ns1', 'ns2'] as const;
type HostName = (typeof HOSTS)[number];
const VARS = 'group_vars/dhcp.yaml';
const POOL = /192\.0\.2\.\d+-192\.0\.2\.\d+/;
const LEASES = '/var/lib/kea/kea-leases4.csv';

describe.skipIf(noLab)('deploy-dhcp', () => {
  const pair = usePair();
  const addresses = (): readonly string[] => HOSTS.map((name) => addressOf(name));
  const addressOf = (name: HostName): string => pair().state.hosts.find((host) => host.name === name)?.address ?? '';
  const deploy = (...args: readonly string[]): Promise<RunResult> => pair().run('deploy-dhcp', ...args);
  const setPool = (pool: string): void => pair().edit(VARS, POOL, pool);
  let changes = 0;
  /** Something to deploy: a pool that no host has yet. */
  const change = (): void => setPool(`192.0.2.100-192.0.2.${186 + (changes++ % 4)}`);
  const kea = async (host: HostName, command: string): Promise<string> =>
    pair().onHost(host, `printf '{"command":"${command}"}' | socat -t 5 - UNIX-CONNECT:/run/kea/kea4-ctrl-socket`);
  const stateOf = async (host: HostName): Promise<string> => {
    const answer = JSON.parse(await kea(host, 'status-get')) as StatusAnswer;
    return answer.arguments['high-availability'][0]?.['ha-servers'].local.state ?? '';
  };
  const poolOf = async (host: HostName): Promise<string> =>
    /"pool": *"([^"]*)"/.exec(await kea(host, 'config-get'))?.[1] ?? '';
  const until = async (host: HostName, states: readonly string[], withinMs = 30_000): Promise<void> => {
    const end = Date.now() + withinMs;
    while (!states.includes(await stateOf(host).catch(() => ''))) {
      if (Date.now() > end) throw new Error(`${host} is in state ${await stateOf(host)}`);
      await sleep(200);
    }
  };
  /** Real clients, 5 a second; each asks once. An answer that waits for a reload comes a second later. */
  const clients = () => labDora(pair().labName, { rate: 5, timeoutMs: 3_000 });
  const bothNormal = () => Promise.all(HOSTS.map((host) => until(host, ['hot-standby'])));
  const untouched = async <T>(work: () => Promise<T>): Promise<T> => {
    const before = await Promise.all(HOSTS.map(poolOf));
    const result = await work();
    expect(await Promise.all(HOSTS.map(poolOf))).toEqual(before);
    return result;
  };

  it('brings both hosts from nothing to a pair in hot-standby, one after the other', async () => {
    const { code, summary } = await deploy();
    expect({ code, status: summary.status }).toEqual({ code: 0, status: 'changed' });
    expect(await Promise.all(HOSTS.map(stateOf))).toEqual(['hot-standby', 'hot-standby']);
  });

  it('changes nothing the second time', async () => {
    const { code, summary } = await deploy();
    expect({ code, status: summary.status }).toEqual({ code: 0, status: 'ok' });
  });

  it('gives clients what the inventory says', async () => {
    const { stdout } = await pair().command(
      'lab',
      'client',
      '--lab-name',
      pair().labName,
      '--dhcp',
      '--',
      'bash',
      '-c',
      'echo "$LEASE_DNS|$LEASE_NTP|$LEASE_SERVER"',
    );
    const both = addresses().join(' ');
    expect(stdout).toContain(`${both}|${both}|${addressOf('ns1')}`);
  });

  it('takes a changed pool to both without a client that waits, and tells it by its subnet', async () => {
    setPool('192.0.2.100-192.0.2.190');
    const loop = await clients();
    const { code, summary } = await deploy('--diff');
    await sleep(1_000);
    const { asked, answered, longestGapMs } = await loop.stop();
    expect(code).toBe(0);
    const change = summary.hosts['ns1']?.changes.find(({ resource }) => resource === 'file:/etc/kea/kea-dhcp4.conf');
    expect(change).toMatchObject({ action: 'update', detail: 'subnets ~1' });
    expect(change?.diff?.map((line) => line.trim().slice(0, 6))).toEqual(['~ subn', '- pool', '+ pool']);
    for (const host of HOSTS) {
      expect(summary.hosts[host]?.changes).toContainEqual(
        expect.objectContaining({ resource: 'unit:kea-dhcp4.service', action: 'reload' }),
      );
      expect(await poolOf(host)).toMatch(/\.190$/);
    }
    expect(asked).toBeGreaterThan(15);
    // Those that ask again get their answer; these here ask once, and may meet the milliseconds in which a server synchronises: more on a busy machine.
    expectNoneLost(summary);
    expect(asked - answered).toBeLessThanOrEqual(3);
    expect(longestGapMs).toBeLessThan(1_500);
    await bothNormal();
  });

  it('refuses a pool that would leave leases in use without one, and names them', async () => {
    const address = addressOf('ns1').replace(/\d+$/, '185');
    const lease = `{"command":"lease4-add","arguments":{"ip-address":"${address}","hw-address":"02:00:5e:00:53:01","subnet-id":1,"valid-lft":600,"hostname":"printer"}}`;
    for (const host of HOSTS)
      await pair().onHost(host, `printf '%s' '${lease}' | socat -t 5 - UNIX-CONNECT:/run/kea/kea4-ctrl-socket`);
    setPool('192.0.2.100-192.0.2.150');
    const { code, summary } = await untouched(() => deploy());
    expect(code).toBe(2);
    expect(summary.hosts).toMatchObject({ ns1: { status: 'refused' }, ns2: { status: 'skipped' } });
    expect(summary.hosts['ns1']?.error?.message).toContain('1 lease is in use that no pool would hold any more');
    expect(summary.hosts['ns1']?.error?.detail[0]).toMatch(new RegExp(`^${address}  02:00:5e:00:53:01  printer`));
  });

  it('refuses a subnet that would take another one’s id, in check mode by a warning', async () => {
    pair().edit(VARS, '- id: 1', '- id: 7');
    const { code, events } = await deploy('--check');
    expect(code).toBe(0);
    expect(warnings(events).join('\n')).toMatch(
      /ns1 would be refused: a subnet id would change its meaning: \S+ has the id 1 on the host, and would have 7/,
    );
    pair().edit(VARS, '- id: 7', '- id: 1');
  });

  it('refuses clocks that are 90 s apart before Kea is touched, and warns of 45 s', async () => {
    change();
    const shim = '/usr/local/bin/date';
    const ahead = (seconds: number) =>
      pair().onHost(
        'ns2',
        `mkdir -p /usr/local/bin && printf '#!/bin/bash\\nexec /usr/bin/date -d "+${seconds} seconds" "$@"\\n' >${shim} && chmod 0755 ${shim}`,
      );
    try {
      await ahead(90);
      const refused = await deploy();
      expect(refused.code).toBe(2);
      expect(refused.summary.hosts['ns1']?.error?.message).toMatch(
        /the clocks of ns1 and ns2 are (?:89|90|91) s apart: Kea ends HA from 60 s on/,
      );
      await ahead(45);
      const { events } = await deploy('--check');
      expect(warnings(events).join('\n')).toMatch(/the clocks of ns1 and ns2 are 4[456] s apart/);
    } finally {
      await pair().onHost('ns2', `rm -f ${shim}`);
    }
  });

  it('refuses while a partner has no room for leases', async () => {
    change();
    await pair().onHost('ns2', 'mount -t tmpfs -o size=8m tmpfs /var/lib/kea');
    try {
      const result = await deploy();
      expect(result.code).toBe(2);
      expect(refusalOf(result)?.message).toMatch(/ns2 has [78]\.\d MiB left for leases/);
    } finally {
      await pair().onHost('ns2', 'umount /var/lib/kea');
    }
  });

  it('refuses while one Kea is in waiting, and says so', async () => {
    change();
    // A server that starts waits for its first heartbeat with its partner: longer, when nobody answers there.
    await pair().onHost(
      'ns2',
      "nft 'add table inet cut; add chain inet cut out { type filter hook output priority 0; }; add rule inet cut out tcp dport 8001 drop'",
    );
    try {
      await pair().onHost('ns2', 'systemctl restart kea-dhcp4');
      await until('ns2', ['waiting']);
      const result = await deploy();
      expect(result.code).toBe(2);
      expect(refusalOf(result)?.message).toMatch(/kea-dhcp4 of .*ns2 is in state (?:waiting|partner-down)/);
    } finally {
      await pair().onHost('ns2', 'nft delete table inet cut');
    }
    await bothNormal();
  });

  it('refuses while the two have lost sight of each other, says how each is, and both still answer', async () => {
    change();
    await pair().onHost(
      'ns2',
      "nft 'add table inet cut; add chain inet cut in { type filter hook input priority 0; }; add chain inet cut out { type filter hook output priority 0; }; add rule inet cut in tcp dport 8001 drop; add rule inet cut out tcp dport 8001 drop'",
    );
    try {
      await Promise.all(HOSTS.map((host) => until(host, ['partner-down'])));
      const loop = await clients();
      const { code, summary } = await deploy();
      expect(code).toBe(2);
      expect(summary.hosts['ns1']?.error).toMatchObject({
        message: expect.stringContaining('ns1 and ns2 each serve alone'),
        detail: [
          'ns1  kea-dhcp4  partner-down, partner unavailable',
          'ns2  kea-dhcp4  partner-down, partner unavailable',
        ],
      });
      const { asked, answered } = await loop.stop();
      expect(answered).toBe(asked);
    } finally {
      await pair().onHost('ns2', 'nft delete table inet cut');
    }
    await bothNormal();
  });

  it('undoes a configuration that Kea accepts and cannot load', async () => {
    // -t and -T do not open the port for the partner; 7 s below, another program has it.
    await pair().onHost('ns1', 'systemd-run --quiet --unit=squatter socat TCP-LISTEN:8055,fork,reuseaddr /dev/null');
    pair().edit(VARS, 'kea_options:', 'kea_ha_port: 8055\nkea_options:');
    const loop = await clients();
    const { code, summary } = await deploy();
    const { answered, asked } = await loop.stop();
    await pair().onHost('ns1', 'systemctl stop squatter');
    pair().edit(VARS, 'kea_ha_port: 8055\n', '');
    expect(code).toBe(2);
    expect(summary.hosts).toMatchObject({ ns1: { status: 'reverted' }, ns2: { status: 'skipped' } });
    await bothNormal();
    expect(await kea('ns1', 'config-get')).toContain(':8001/');
    expect(answered).toBeGreaterThan(asked * 0.5);
  });

  it('refuses to touch a server whose lease file is damaged, and tells the way out', async () => {
    change();
    await pair().onHost('ns2', `cp -p ${LEASES} ${LEASES}.kept && printf '\\0\\0\\0\\0rubbish\\n' >${LEASES}`);
    try {
      const result = await deploy();
      expect(result.code).toBe(2);
      expect(refusalOf(result)?.message).toMatch(/a lease file is damaged: ns2: kea-leases4\.csv: the header has/);
      expect(refusalOf(result)?.remedy).toContain('it gets all leases from its partner');
    } finally {
      await pair().onHost('ns2', `systemctl stop kea-dhcp4; mv ${LEASES}.kept ${LEASES}; systemctl start kea-dhcp4`);
    }
    await bothNormal();
  });

  it('restarts for a change of the container while the partner serves', async () => {
    for (const host of HOSTS)
      await pair().onHost(host, 'echo "# by hand" >>/etc/containers/systemd/kea-dhcp4.container');
    const loop = await clients();
    const { code, summary } = await deploy();
    const { asked, answered, longestGapMs } = await loop.stop();
    expect({ code, status: summary.status }).toEqual({ code: 0, status: 'changed' });
    for (const host of HOSTS)
      expect(summary.hosts[host]?.changes).toContainEqual(
        expect.objectContaining({ resource: 'unit:kea-dhcp4.service', action: 'restart' }),
      );
    // One is switched off for milliseconds while the other one synchronises, up to four times: these clients do not ask again.
    expectNoneLost(summary);
    expect(asked - answered).toBeLessThanOrEqual(3);
    expect(longestGapMs).toBeLessThan(1_500);
    await bothNormal();
  });
});

interface StatusAnswer {
  readonly arguments: {
    readonly 'high-availability': readonly { readonly 'ha-servers': { readonly local: { readonly state: string } } }[];
  };
}

/** Of the run's own clients, which ask again as real ones do (RFC 2131 §4.1). */
function expectNoneLost({ availability }: RunResult['summary']): void {
  const { group } = availability?.['dhcp'] ?? {};
  expect(group?.answered, JSON.stringify(availability)).toBe(group?.asked);
  expect(group?.asked).toBeGreaterThan(5);
}

/** A host that does not serve is begun first: the refusal is told of whichever would have been. */
function refusalOf({ summary }: RunResult): { readonly message: string; readonly remedy: string } | undefined {
  return Object.values(summary.hosts).find(({ error }) => error !== null)?.error ?? undefined;
}

function warnings(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => (event.event === 'warning' ? [event.message] : []));
}
