/** `run rollback` and `run reboot` on a real pair: the gates, the way back, and what keeps everybody from the release that was left. */
import { beforeAll, describe, expect, test } from 'vitest';
import { noLab, type Pair, type RunResult, usePair } from './pair.ts';

const OLD = '44.20261101.3.0';
const NEW = '44.20261115.3.0';
/** The same code in seconds. */
const QUICK = ['--soak', '1s', '-e', 'upgrade_check_after=3s', '--yes'];
/** Looks every second, stages what it finds, and never reboots: it has no window. */
const ZINCATI = '[agent.timing]\nsteady_interval_secs = 1\n[updates]\nstrategy = "periodic"\n';

describe.skipIf(noLab !== undefined)('a rollback', () => {
  const pair = usePair();
  const run = (command: string, ...args: readonly string[]): Promise<RunResult> =>
    pair().run(command, ...args, ...QUICK);
  const booted = (host: string): Promise<string> => pair().onHost(host, '. /etc/os-release; echo "$OSTREE_VERSION"');
  const onNs1 = (script: string): Promise<string> => pair().onHost('ns1', script);

  beforeAll(async () => {
    expect((await pair().run('deploy-dns')).code).toBe(0);
  });
  test('needs a way back', async () => {
    const { code, summary } = await run('rollback', 'ns2');
    expect([code, summary.error?.code]).toEqual([2, 'E_NOT_UPGRADABLE']);
    expect(summary.error?.message).toContain('ns2 has no earlier release on disk');
  });

  test('of the only member that serves is refused', async () => {
    await publish(pair(), NEW);
    const { code, summary } = await run('upgrade', '--limit', 'ns2');
    expect([code, await booted('ns2'), await booted('ns1')], JSON.stringify(summary.hosts)).toEqual([0, NEW, OLD]);
    await onNs1('systemctl stop coredns');
    const refused = await run('rollback', 'ns2');
    await onNs1('systemctl start coredns');
    expect([refused.code, refused.summary.hosts['ns2']]).toMatchObject([2, { status: 'refused', changes: [] }]);
    expect(refused.summary.hosts['ns2']?.error?.message).toContain('its peer does not serve');
    expect(refused.summary.availability, 'nobody was touched').toBeUndefined();
    expect(await booted('ns2')).toBe(NEW);
  });

  test('is guarded, and leaves a release that nobody takes again', async () => {
    // The other host has an updater of its own, which has staged that very release already.
    await onNs1(`rm /etc/zincati/config.d/90-lab-disabled.toml; printf '${ZINCATI.replaceAll('\n', '\\n')}' \
      >/etc/zincati/config.d/60-test.toml; systemctl restart zincati
      until rpm-ostree status --json | grep -q '"staged" : true\\|"staged":true'; do sleep 0.2; done`);
    const { code, summary } = await run('rollback', 'ns2');
    expect(code, JSON.stringify(summary.hosts)).toBe(0);
    expect(summary.hosts['ns2']).toMatchObject({ status: 'changed', changes: [{ detail: `${NEW} → ${OLD}` }] });
    expect(await booted('ns2')).toBe(OLD);
    const { group } = summary.availability?.['dns'] ?? {};
    expect(group?.answered).toBe(group?.asked);
    for (const host of ['ns1', 'ns2'])
      expect(await pair().onHost(host, 'cat /var/lib/coreos-infra/deny/* | tr "\\0" " "')).toMatch(
        new RegExp(`${NEW} person .*went back by hand`),
      );
    // Stopped, what it had staged dropped, and it does not start any more.
    expect(
      await onNs1(
        'systemctl start zincati; systemctl is-active zincati || :; ostree admin status --json | grep -c \'"staged" : true\' || :',
      ),
    ).toBe('inactive\n0');
    const again = await run('rollback', 'ns2');
    expect([again.code, again.summary.error?.detail?.[0]]).toEqual([
      2,
      expect.stringContaining(`${NEW} is on the deny list`),
    ]);
    const upgrade = await run('upgrade');
    expect([upgrade.code, upgrade.summary.error?.code]).toEqual([2, 'E_NO_TARGET']);
  });

  test('is over with: both are booted anew, one after the other, and none leaves its release', async () => {
    const { code, summary, events } = await pair().run('reboot', '--yes');
    expect(code, JSON.stringify(summary.hosts)).toBe(0);
    expect(events.flatMap((event) => (event.event === 'host-done' ? [event.host] : []))).toEqual(['ns2', 'ns1']);
    const { group } = summary.availability?.['dns'] ?? {};
    expect(group?.answered).toBe(group?.asked);
    expect([await booted('ns1'), await booted('ns2')]).toEqual([OLD, OLD]);
    expect(await onNs1('systemctl is-active zincati || :'), 'over a boot as well').toBe('inactive');
  });
});

async function publish(pair: Pair, version: string): Promise<void> {
  const { code, stderr } = await pair.command('lab', 'publish', '--lab-name', pair.labName, version);
  if (code !== 0) throw new Error(`lab publish ${version} ended ${code}: ${stderr}`);
}
