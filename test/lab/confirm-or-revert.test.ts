/** Never both broken: what is refused, what is undone, and who has to wait, by the command that users type. */
import { spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/assets.ts';
import type { RunLine, RunRecord } from '../../src/store/record.ts';
import { noLab, type RunResult, usePair } from './pair.ts';

describe.skipIf(noLab !== undefined)('confirm or revert', () => {
  const pair = usePair();
  const statuses = ({ summary }: RunResult): Record<string, string> =>
    Object.fromEntries(Object.entries(summary.hosts).map(([host, { status }]) => [host, status]));
  const errorOf = ({ summary }: RunResult, host: string): string => JSON.stringify(summary.hosts[host]?.error);
  const change = (last: number): void =>
    pair().edit('zones/db.example.com', /^(printer .*) 192\.0\.2\.\d+$/m, `$1 192.0.2.${last}`);

  async function recorded(run: string): Promise<RunRecord> {
    return JSON.parse((await pair().command('history', 'show', run, '--json')).stdout) as RunRecord;
  }

  async function ask(host: string): Promise<string[]> {
    const address = pair().state.hosts.find((one) => one.name === host)?.address ?? '';
    const resolver = new Resolver({ timeout: 1_000, tries: 3 });
    resolver.setServers([address]);
    return resolver.resolve4('printer.example.com');
  }

  test('both hosts begin together, and nothing is lost by a change', async () => {
    expect((await pair().run('deploy-dns')).code).toBe(0);
    change(61);
    const result = await pair().run('deploy-dns');
    expect([result.code, statuses(result)], result.stderr).toEqual([0, { ns1: 'changed', ns2: 'changed' }]);
    const dns = result.summary.availability?.['dns'] ?? {};
    expect(Object.keys(dns).toSorted()).toEqual(['group', 'ns1', 'ns2']);
    for (const figure of Object.values(dns)) {
      expect(figure.asked).toBeGreaterThan(10);
      expect(figure).toMatchObject({ answered: figure.asked, longestGapMs: 0 });
    }
  });

  test('a configuration that fails only at run time is undone, in the words of the service, and the other host is not touched', async () => {
    // sshd has port 22; the copy that validation starts listens elsewhere.
    const report = join(pair().inventoryDir, '../report.xml');
    const options = ['--confirm-within', '20', '--report', `junit=${report}`];
    const result = await pair().run('deploy-dns', '-e', 'coredns_health=127.0.0.1:22', ...options);
    expect([result.code, statuses(result)]).toEqual([2, { ns1: 'reverted', ns2: 'skipped' }]);
    expect(errorOf(result, 'ns1')).toMatch(/address already in use/);
    expect(readFileSync(report, 'utf8')).toMatch(
      /<testcase name="as described" classname="deploy-dns.ns1" .*\n +<failure /,
    );
    // And a week later somebody asks what it was.
    const record = await recorded(result.events.at(-1)?.run ?? '');
    expect(record).toMatchObject({ command: 'deploy-dns', outcome: 'reverted', exit: 2, lab: pair().labName });
    const [ns1] = record.hosts;
    expect(ns1?.probes.filter(({ ok }) => !ok).map(({ name }) => name)).toContainEqual(
      expect.stringMatching(/@|coredns/),
    );
    expect(ns1?.changes.flatMap(({ diff = [] }) => diff).join('\n')).toMatch(/\+ +health 127\.0\.0\.1:22/);
    expect(await ask('ns1')).toEqual(['192.0.2.61']);
    expect(statuses(await pair().run('deploy-dns'))).toEqual({ ns1: 'ok', ns2: 'ok' });
  });

  test('what CoreDNS refuses is refused before anything is swapped', async () => {
    const result = await pair().run('deploy-dns', '-e', '{"coredns_extra":"forwrad . 192.0.2.1"}');
    expect([result.code, statuses(result)]).toEqual([2, { ns1: 'failed', ns2: 'skipped' }]);
    expect(errorOf(result, 'ns1')).toMatch(/forwrad/);
    expect(await pair().onHost('ns1', 'ls -A /etc/.coreos-infra /run/coreos-infra')).not.toMatch(/open|check|bundle/);
  });

  test('the last host that serves is not touched, and the report names the probe that its peer failed', async () => {
    await pair().onHost('ns2', 'systemctl stop coredns');
    change(62);
    const limited = await pair().run('deploy-dns', '--limit', 'ns1');
    expect([limited.code, statuses(limited)]).toEqual([2, { ns1: 'refused' }]);
    expect(errorOf(limited, 'ns1')).toMatch(/ns1 was not touched.*ns2 .*dns .*SOA /);
    expect(await ask('ns1')).toEqual(['192.0.2.61']);
    // The one that does not serve comes first: its repair harms nobody, and then it stands in.
    const both = await pair().run('deploy-dns');
    expect([both.code, statuses(both)], both.stderr).toEqual([0, { ns1: 'changed', ns2: 'changed' }]);
    expect(both.events.flatMap((event) => (event.event === 'host-done' ? [event.host] : []))).toEqual(['ns2', 'ns1']);
  });

  test('with its peer cut off a host is not changed, unless somebody insists', async () => {
    await pair().command('lab', 'cut', '--lab-name', pair().labName, 'ns2');
    change(63);
    const refused = await pair().run('deploy-dns');
    expect([refused.code, statuses(refused)]).toEqual([2, { ns1: 'refused', ns2: 'unreachable' }]);
    const forced = await pair().run('deploy-dns', '--force-unsafe', '--yes');
    expect([forced.code, statuses(forced)], forced.stderr).toEqual([4, { ns1: 'changed', ns2: 'unreachable' }]);
    expect(forced.events.some((event) => event.event === 'warning' && event.message.includes('--force-unsafe'))).toBe(
      true,
    );
    await pair().command('lab', 'heal', '--lab-name', pair().labName, 'ns2');
    const after = await pair().run('deploy-dns');
    expect([after.code, statuses(after)], after.stderr).toEqual([0, { ns1: 'ok', ns2: 'changed' }]);
    expect(await ask('ns2')).toEqual(['192.0.2.63']);
  });

  test('a run that was killed locks the host until the guard has undone its change', async () => {
    change(64);
    const killed = await killAfter('"step":"verify"', '--confirm-within', '8');
    expect(killed).toBe('SIGKILL');
    const { stdout } = await pair().command(
      'history',
      '--json',
      '--limit',
      '0',
      '--failed',
      '--playbook',
      'deploy-dns',
    );
    const { runs } = JSON.parse(stdout) as { readonly runs: readonly RunLine[] };
    const dead = runs.find(({ lab, outcome }) => lab === pair().labName && outcome === 'running');
    expect((await pair().command('history', 'show', dead?.id ?? '')).stdout).toMatch(
      /^deploy-dns \(lab\) · run \w+ · \S+ died/,
    );
    const meanwhile = await pair().run('deploy-dns');
    expect([meanwhile.code, meanwhile.summary.hosts['ns1']?.status]).toEqual([5, 'locked']);
    expect(errorOf(meanwhile, 'ns1')).toMatch(/in the middle of change set [0-9a-f]{12} of \S+@\S+ \(run \w+\)/);
    const waited = await pair().run('deploy-dns', '--wait-lock', '60');
    expect([waited.code, statuses(waited)], waited.stderr).toEqual([0, { ns1: 'changed', ns2: 'changed' }]);
    expect(await pair().onHost('ns1', 'ls /var/lib/coreos-infra/reverted | wc -l')).not.toBe('0');
  });

  test('an edit by hand is shown as such, and replaced', async () => {
    await pair().onHost('ns1', 'sed -i "s/192.0.2.64/192.0.2.99/" /etc/coredns/zones/db.example.com');
    const check = await pair().run('deploy-dns', '--check', '--diff');
    const zone = check.summary.hosts['ns1']?.changes.find(({ resource }) => resource === 'zone:example.com');
    expect(zone?.handEdit?.join('\n')).toMatch(/99/);
    expect((await pair().run('deploy-dns')).code).toBe(0);
    expect(await ask('ns1')).toEqual(['192.0.2.64']);
  });

  test('two runs at once never interleave', async () => {
    change(65);
    const runs = await Promise.all([pair().run('deploy-dns'), pair().run('deploy-dns', '--wait-lock', '60')]);
    for (const { code, stderr } of runs) expect([0, 5], stderr).toContain(code);
    expect(runs.some(({ code }) => code === 0)).toBe(true);
    const last = await pair().run('deploy-dns');
    expect([last.code, statuses(last)]).toEqual([0, { ns1: 'ok', ns2: 'ok' }]);
    const serials = await Promise.all(
      ['ns1', 'ns2'].map((host) => pair().onHost(host, 'cat /etc/coredns/zones/db.example.com')),
    );
    expect(serials[0]).toBe(serials[1]);
  });

  /** SIGKILL for the run as soon as its events hold `text`; how the process ended. */
  function killAfter(text: string, ...args: readonly string[]): Promise<NodeJS.Signals | number | null> {
    const argv = ['deploy-dns', '-i', pair().inventoryDir, '--lab', '--lab-name', pair().labName, '--json', ...args];
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(packageRoot(), 'dist/cli.js'), ...argv], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let seen = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        seen += chunk;
        if (seen.includes(text)) child.kill('SIGKILL');
      });
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(signal ?? code));
    });
  }
});
