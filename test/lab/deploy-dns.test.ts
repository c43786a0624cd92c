/** The main job on a pair of real hosts, by the command that users type: each test goes on where the one before it ended. */
import { Resolver } from 'node:dns/promises';
import { describe, expect, test } from 'vitest';
import { noLab, type RunResult, usePair } from './pair.ts';

describe.skipIf(noLab !== undefined)('run deploy-dns', () => {
  const pair = usePair();
  const statuses = ({ summary }: RunResult): Record<string, string> =>
    Object.fromEntries(Object.entries(summary.hosts).map(([host, { status }]) => [host, status]));

  async function ask(host: string, name: string): Promise<string[]> {
    const address = pair().state.hosts.find((one) => one.name === host)?.address ?? '';
    const resolver = new Resolver({ timeout: 1_000, tries: 3 });
    resolver.setServers([address]);
    return resolver.resolve4(name);
  }

  test('--limit ns1 changes only ns1, and the second run nothing', async () => {
    const first = await pair().run('deploy-dns', '--limit', 'ns1');
    expect(first.code, first.stderr).toBe(0);
    expect(statuses(first)).toEqual({ ns1: 'changed' });
    expect(await ask('ns1', 'www.example.com')).toEqual(['192.0.2.80']);
    expect(await pair().onHost('ns2', 'ls /etc/coredns 2>&1 || true')).toContain('No such file');
    const second = await pair().run('deploy-dns', '--limit', 'ns1');
    expect([second.code, statuses(second), second.summary.status]).toEqual([0, { ns1: 'ok' }, 'ok']);
    expect(second.events.filter(({ event }) => event === 'host-step')).toEqual([]);
  });

  test('without --limit the other host follows, and the first stays untouched', async () => {
    const result = await pair().run('deploy-dns');
    expect([result.code, statuses(result)], result.stderr).toEqual([0, { ns1: 'ok', ns2: 'changed' }]);
    expect(await ask('ns2', 'www.example.com')).toEqual(['192.0.2.80']);
  });

  test('every event carries its time and run, and the summary is the last', async () => {
    const { events } = await pair().run('deploy-dns');
    expect(events[0]).toMatchObject({ event: 'run-started', playbook: 'deploy-dns', hosts: ['ns1', 'ns2'] });
    expect(new Set(events.map(({ run }) => run)).size).toBe(1);
    for (const { at } of events) expect(new Date(at).toISOString()).toBe(at);
    expect(events.filter(({ event }) => event === 'summary')).toEqual([events.at(-1)]);
  });

  test('an edited record: --check --diff shows it and touches nothing, apply serves it on both', async () => {
    pair().edit('zones/db.example.com', /^(www .*) 192\.0\.2\.80$/m, '$1 192.0.2.81');
    const sums =
      'cd /etc/coredns && find . -type f -exec sha256sum {} + | sort; systemctl show -p InvocationID coredns';
    const before = await Promise.all(['ns1', 'ns2'].map((host) => pair().onHost(host, sums)));
    const check = await pair().run('deploy-dns', '--check', '--diff');
    expect([check.code, statuses(check)]).toEqual([0, { ns1: 'changed', ns2: 'changed' }]);
    const zone = check.summary.hosts['ns1']?.changes.find(({ resource }) => resource === 'zone:example.com');
    expect(zone?.diff?.join('\n')).toMatch(/~ www +A +192\.0\.2\.80 → 192\.0\.2\.81/);
    expect(await Promise.all(['ns1', 'ns2'].map((host) => pair().onHost(host, sums)))).toEqual(before);

    const apply = await pair().run('deploy-dns');
    expect([apply.code, statuses(apply)], apply.stderr).toEqual([0, { ns1: 'changed', ns2: 'changed' }]);
    const changesOf = ({ summary }: RunResult): unknown =>
      summary.hosts['ns1']?.changes.map(({ resource, action }) => ({ resource, action }));
    expect(changesOf(apply)).toEqual(changesOf(check));
    for (const host of ['ns1', 'ns2']) expect(await ask(host, 'www.example.com')).toEqual(['192.0.2.81']);
  });

  test('without --json the same is told in lines', async () => {
    const { code, stdout } = await pair().command(
      'deploy-dns',
      '-i',
      pair().inventoryDir,
      '--lab-name',
      pair().labName,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^deploy-dns · ns1, ns2 are as described \(\d+ resources each\) · \d+\.\d s\n$/);
  });

  test('a wrong zone reaches no host', async () => {
    pair().edit('zones/db.example.com', /$/, 'www IN CNAME mail\n');
    const { code, stderr, summary } = await pair().run('deploy-dns');
    pair().edit('zones/db.example.com', 'www IN CNAME mail\n', '');
    expect(code).toBe(1);
    expect(summary).toMatchObject({
      hosts: {},
      error: { code: 'E_ZONE', file: expect.stringContaining('db.example.com'), line: expect.any(Number) },
    });
    expect(stderr).toMatch(/CNAME/);
  });

  test('a host that is as described and does not answer has failed', async () => {
    // systemd sees it run, and nobody hears it.
    await pair().onHost(
      'ns2',
      'nft add table inet mute; nft "add chain inet mute in { type filter hook input priority 0; }"; nft add rule inet mute in udp dport 53 drop; nft add rule inet mute in tcp dport 53 drop',
    );
    const check = await pair().run('deploy-dns', '--check');
    const run = await pair().run('deploy-dns');
    await pair().onHost('ns2', 'nft delete table inet mute');
    expect(check.code).toBe(0);
    expect([run.code, statuses(run)]).toEqual([2, { ns1: 'ok', ns2: 'failed' }]);
    expect(run.summary.hosts['ns2']?.error?.detail.join('\n')).toMatch(/SOA example\.com/);
  });

  test('a host whose cable is pulled is unreachable in time, and the other is done', async () => {
    await pair().command('lab', 'cut', '--lab-name', pair().labName, 'ns2');
    const began = performance.now();
    const result = await pair().run('deploy-dns');
    await pair().command('lab', 'heal', '--lab-name', pair().labName, 'ns2');
    expect([result.code, statuses(result)], result.stderr).toEqual([4, { ns1: 'ok', ns2: 'unreachable' }]);
    expect(result.summary.hosts['ns2']?.error).toMatchObject({
      code: 'E_HOST_UNREACHABLE',
      message: expect.stringMatching(/no answer in 10 s .*:22/),
    });
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test('Ctrl-C ends a run with 130, or with 0 when it was done already, and the next run finds nothing open', async () => {
    pair().edit('zones/db.example.com', /^(www .*) 192\.0\.2\.81$/m, '$1 192.0.2.82');
    const result = await pair().runInterrupted('host-step', 'deploy-dns');
    expect([0, 130]).toContain(result.code);
    expect(Object.values(statuses(result))).not.toContain('unknown');
    const next = await pair().run('deploy-dns');
    expect(next.code, next.stderr).toBe(0);
    for (const host of ['ns1', 'ns2']) expect(await ask(host, 'www.example.com')).toEqual(['192.0.2.82']);
  });
});
