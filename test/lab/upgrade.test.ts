/** Rolling OS upgrades on a real pair: a good release on both hosts without a lost query, and a bad one that undoes itself. */
import { describe, expect, test } from 'vitest';
import { type CommandResult, noLab, type Pair, type RunResult, usePair } from './pair.ts';

const OLD = '44.20261101.3.0';
const GOOD = '44.20261115.3.0';
const BAD = '44.20261201.3.0';
/** The same code in seconds: the inventory's own figures are for people. */
const QUICK = ['--soak', '4s', '-e', 'upgrade_check_after=6s'];

describe.skipIf(noLab !== undefined)('an upgrade', () => {
  const pair = usePair();
  const operate = (...args: readonly string[]): Promise<CommandResult> =>
    pair().command(...args, '-i', pair().inventoryDir, '--lab-name', pair().labName);
  const publish = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await pair().command('lab', 'publish', '--lab-name', pair().labName, ...args);
    if (code !== 0) throw new Error(`lab publish ${args.join(' ')} ended ${code}: ${stderr}`);
  };
  const upgrade = (...args: readonly string[]): Promise<RunResult> => pair().run('upgrade', ...QUICK, ...args);

  test('says beforehand what it would do, and touches nothing', async () => {
    expect((await pair().run('site')).code).toBe(0);
    expect(await upgrade('--check')).toMatchObject({ code: 0, summary: { status: 'ok' } });
    await publish(GOOD);
    const { code, summary, events } = await upgrade('--check');
    expect([code, summary.check]).toEqual([0, true]);
    expect(summary.hosts['ns1']).toMatchObject({
      status: 'changed',
      changes: [{ resource: 'os:fedora-coreos', detail: `${OLD} → ${GOOD}` }],
    });
    expect(events.find(({ event }) => event === 'upgrade-planned')).toMatchObject({
      target: GOOD,
      order: ['ns2', 'ns1'],
    });
    expect(await booted(pair())).toEqual({ ns1: OLD, ns2: OLD });
  });

  test('takes one host after the other to the release, and a client that knows both loses nothing', async () => {
    // Both have to be brought up to date first, the second one while the leases of the first one's turn are held.
    for (const host of ['ns1', 'ns2']) await pair().onHost(host, "echo '# by hand' >>/etc/chrony.conf");
    const { code, summary, events } = await upgrade();
    expect(code, JSON.stringify(summary.hosts)).toBe(0);
    expect(await booted(pair())).toEqual({ ns1: GOOD, ns2: GOOD });
    for (const host of ['ns1', 'ns2'])
      expect(await pair().onHost(host, 'grep -c "by hand" /etc/chrony.conf || :')).toBe('0');
    const { dns, ntp, dhcp } = summary.availability ?? {};
    for (const [service, least] of [
      [dns, 100],
      [ntp, 25],
      [dhcp, 20],
    ] as const) {
      const { asked = 0, answered = 0 } = service?.['group'] ?? {};
      expect(answered, JSON.stringify(summary.availability)).toBe(asked);
      expect(asked).toBeGreaterThan(least);
    }
    // A DISCOVER that meets the milliseconds in which a server is switched off is sent again, as clients do (docs/dhcp.md): few are.
    expect(dhcp?.['group']?.askedAgain).toBeLessThanOrEqual(2);
    expect(dhcp?.['group']?.longestGapMs).toBeLessThan(3_000);
    // Each was away for a while, one at a time.
    for (const host of ['ns1', 'ns2']) expect(dns?.[host]?.longestGapMs).toBeGreaterThan(0);
    const ended = events.flatMap((event) => (event.event === 'host-done' ? [event.host] : []));
    expect(ended).toEqual(['ns2', 'ns1']);
    for (const host of ['ns1', 'ns2']) await leftClean(pair(), host);
    expect(await upgrade()).toMatchObject({ code: 0, summary: { status: 'ok' } });
  });

  test('of a bad release goes back on the first host, spares the second, and is refused from then on', async () => {
    await publish(BAD, '--break', 'dns');
    const { code, summary } = await upgrade();
    expect(code, JSON.stringify(summary.hosts)).toBe(2);
    expect(summary.hosts['ns2']).toMatchObject({ status: 'reverted', error: { code: 'E_ROLLED_BACK' } });
    expect(summary.hosts['ns2']?.error?.message).toContain(`went back from ${BAD}, its checks were red`);
    expect(summary.hosts['ns1']).toMatchObject({ status: 'skipped', changes: [] });
    expect(await booted(pair())).toEqual({ ns1: GOOD, ns2: GOOD });
    const { group } = summary.availability?.['dns'] ?? {};
    expect(group?.answered).toBe(group?.asked);
    const status = await operate('status');
    expect(status.code, status.stdout).toBe(0);
    expect(status.stdout).toContain('2 of 2 serve everything · no locks');
    const again = await upgrade();
    expect(again.code).toBe(2);
    expect(again.summary.error).toMatchObject({ code: 'E_NO_TARGET' });
    expect(again.summary.error?.message).toContain(`${BAD} is on the deny list: ns2 went back from it`);
    // The other host knows it too: another controller would be told.
    expect(await pair().onHost('ns1', 'cat /var/lib/coreos-infra/deny/* | tr "\\0" " "')).toContain(BAD);
    for (const host of ['ns1', 'ns2']) await leftClean(pair(), host);
  });
});

async function booted(pair: Pair): Promise<Readonly<Record<string, string>>> {
  const version = async (host: string): Promise<string> =>
    pair.onHost(host, '. /etc/os-release; echo "$OSTREE_VERSION"');
  return { ns1: await version('ns1'), ns2: await version('ns2') };
}

/** No slot, nothing staged, nothing pinned, no lease, no inhibitor. */
async function leftClean(pair: Pair, host: string): Promise<void> {
  expect(await pair.onHost(host, 'ls -d /var/lib/coreos-infra/open /run/coreos-infra/lease 2>/dev/null || :')).toBe('');
  const status = JSON.parse(await pair.onHost(host, 'ostree admin status --json')) as {
    readonly deployments: readonly {
      readonly pinned: boolean;
      readonly staged: boolean;
      readonly index: number;
      readonly booted: boolean;
    }[];
  };
  expect(status.deployments.filter(({ pinned, staged }) => pinned || staged)).toEqual([]);
  expect(status.deployments.find(({ index }) => index === 0)?.booted).toBe(true);
  expect(await pair.onHost(host, 'systemd-inhibit --list --no-legend | grep coreos-infra || :')).toBe('');
}
