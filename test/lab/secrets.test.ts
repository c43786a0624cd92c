/** Secrets on real hosts: from their sources into files and containers, and nowhere else; and the role base, which must be able to undo itself. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Summary } from '../../src/engine/events.ts';
import { runDnsProbes } from '../../src/probes/dns.ts';
import { noLab, usePair } from './pair.ts';
import { command, type Result, summaryOf, writeProject } from './secrets-project.ts';
import { encryptFile, findSops, makeAgeKey } from './sops.ts';

/** Everything that may be seen nowhere. */
const words = { first: draw(), second: draw(), broken: `${draw()} { ${draw()}` };
const keys = { first: `HEX:${randomBytes(32).toString('hex')}`, second: `HEX:${randomBytes(20).toString('hex')}` };

function draw(): string {
  return `word-${randomBytes(12).toString('hex')}`;
}

describe.skipIf(noLab)('secrets', () => {
  const pair = usePair();
  const folder = mkdtempSync(join(tmpdir(), 'secrets-test-'));
  /** All that runs printed. */
  const printed: string[] = [];

  const run = async (playbook: string, ...args: readonly string[]): Promise<Result> => {
    const target = ['-i', pair().inventoryDir, '--lab', '--lab-name', pair().labName];
    return summaryOf(await command(folder, printed, [playbook, ...target, '--json', '--diff', ...args]));
  };
  /** Its error too, when it is not what was expected. */
  const ends = (result: Result, status: Summary['status']): void =>
    expect({ status: result.summary.status, error: result.summary.error ?? null }).toEqual({ status, error: null });
  const changes = ({ summary }: Result, host = 'ns1'): readonly string[] =>
    (summary.hosts[host]?.changes ?? []).map(({ resource, action }) => `${action} ${resource}`);
  const setVars = (group: string, text: string): void =>
    writeFileSync(join(pair().inventoryDir, 'group_vars', `${group}.yaml`), text);
  const addressOf = (host: string): string => pair().state.hosts.find(({ name }) => name === host)?.address ?? '';

  beforeAll(() => writeProject(folder));
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  describe('in podman', () => {
    const answer = async (): Promise<string> => {
      const probe = { kind: 'dns-version', server: addressOf('ns1'), port: 5353, expect: '' } as const;
      const [result] = await runDnsProbes([probe], { timeoutMs: 2_000, tries: 3 });
      return result?.detail ?? '';
    };
    const secretNames = async (): Promise<readonly string[]> =>
      (await pair().onHost('ns1', 'podman secret ls --format "{{.Name}}"'))
        .split('\n')
        .filter((name) => name !== '')
        .sort();

    it('are made under a fresh name, which the container uses; the same value again changes nothing', async () => {
      setVars('dhcp', 'app_word: !env APP_WORD\n');
      expect((await run('app', '-l', 'ns1')).summary.error?.message).toContain('APP_WORD is not set');
      vi.stubEnv('APP_WORD', words.first);
      const first = await run('app', '-l', 'ns1');
      ends(first, 'changed');
      expect(changes(first)).toEqual([
        'create podman-secret:app-conf',
        'create quadlet:app.container',
        'start unit:app.service',
      ]);
      await expect.poll(answer, { timeout: 30_000 }).toContain(words.first);
      ends(await run('app', '-l', 'ns1'), 'ok');
    });

    it('get another name for another value, and one that does not work is undone and taken away', async () => {
      const before = await secretNames();
      vi.stubEnv('APP_WORD', words.second);
      expect(changes(await run('app', '-l', 'ns1'))).toContain('restart unit:app.service');
      await expect.poll(answer, { timeout: 30_000 }).toContain(words.second);
      const both = await secretNames();
      expect(both).toEqual(expect.arrayContaining([...before]));
      expect(both).toHaveLength(2);
      vi.stubEnv('APP_WORD', words.broken);
      expect(await run('app', '-l', 'ns1')).toMatchObject({
        code: 2,
        summary: { hosts: { ns1: { status: 'reverted' } } },
      });
      await expect.poll(answer, { timeout: 30_000 }).toContain(words.second);
      expect(await secretNames()).toEqual(both);
    });
  });

  describe('of chrony', () => {
    const keyOfPeer = async (): Promise<string> => {
      const lines = (await pair().onHost('ns1', 'chronyc -N -c authdata -a')).split('\n');
      return lines.find((line) => line.startsWith(`${addressOf('ns2')},`)) ?? '';
    };
    const vars = 'chrony_group: _chrony\nchrony_peer_key: 7\nchrony_keys: [{ id: 7, key: ';

    it('authenticate the peers, and are reread without a restart', async () => {
      vi.stubEnv('NTP_KEY', keys.first);
      setVars('ntp', `${vars}!env NTP_KEY }]\n`);
      ends(await run('deploy-ntp'), 'changed');
      expect(await pair().onHost('ns1', 'stat -c "%a %U %G" /etc/chrony.keys')).toBe('640 root _chrony');
      expect(await keyOfPeer()).toMatch(/,SK,7,[^,]*,256,/);
      const pid = await pair().onHost('ns1', 'systemctl show -P MainPID chronyd.service');
      vi.stubEnv('NTP_KEY', keys.second);
      const second = await run('deploy-ntp');
      ends(second, 'changed');
      expect(changes(second)).toEqual(['update file:/etc/chrony.keys', 'reload unit:chronyd.service']);
      expect(second.summary.hosts['ns1']?.changes[0]).toEqual({
        resource: 'file:/etc/chrony.keys',
        action: 'update',
        detail: 'changed (secret)',
      });
      expect(await keyOfPeer()).toMatch(/,SK,7,[^,]*,160,/);
      expect(await pair().onHost('ns1', 'systemctl show -P MainPID chronyd.service')).toBe(pid);
    });

    it('come from a file that sops has encrypted with age, and from no other key', async ({ skip }) => {
      const sops = await findSops();
      if (typeof sops === 'string') {
        process.stderr.write(`the test with the real sops is skipped: ${sops}\n`);
        return skip(sops);
      }
      const recipient = makeAgeKey(sops, join(folder, 'age.txt'));
      makeAgeKey(sops, join(folder, 'other.txt'));
      const file = join(pair().inventoryDir, 'group_vars/ntp.sops.yaml');
      encryptFile(sops, file, recipient, `chrony_keys:\n  - id: 7\n    key: ${keys.second}\n`);
      setVars('ntp', 'chrony_group: _chrony\nchrony_peer_key: 7\n');
      vi.stubEnv('PATH', sops.path);
      vi.stubEnv('SOPS_AGE_KEY_FILE', join(folder, 'other.txt'));
      const refused = await run('deploy-ntp');
      expect(refused).toMatchObject({
        code: 1,
        summary: { error: { message: expect.stringContaining('sops has no key for') } },
      });
      expect(refused.summary.error?.remedy).toContain(recipient);
      // The very key that the hosts have by now.
      vi.stubEnv('SOPS_AGE_KEY_FILE', join(folder, 'age.txt'));
      ends(await run('deploy-ntp'), 'ok');
      const shown = await command(folder, printed, ['inventory', 'show', 'ns1', '-i', pair().inventoryDir]);
      expect(shown.stdout).toMatch(/chrony_keys +\[\{"id":7,"key":"\(secret\)"\}\]/);
    });
  });

  it('are seen in no output, no journal and no file that others may read', async () => {
    const all = [
      ...Object.values(words),
      ...words.broken.split(' { '),
      keys.first,
      keys.second,
      keys.first.slice(4),
      keys.second.slice(4),
    ];
    for (const secret of all) expect(printed.join('\n')).not.toContain(secret);
    const journal = await pair().onHost('ns1', 'journalctl -b --no-pager -o cat');
    // CoreDNS itself logs the word at which it stumbles, on its host.
    const ours = all.filter((secret) => !words.broken.includes(secret));
    for (const secret of ours) expect(journal.includes(secret)).toBe(false);
    // Sudo writes command lines into the journal: what is looked for must not stand in one.
    const patterns = Buffer.from([keys.first, keys.second, words.first, words.second].join('\n')).toString('base64');
    const files = await pair().onHost(
      'ns1',
      `base64 -d <<<${patterns} >/run/patterns && grep -rlFf /run/patterns /etc /var/lib/coreos-infra /run/coreos-infra /run/systemd | xargs -r stat -c "%a %n"; rm /run/patterns`,
    );
    expect(files).toContain('640 /etc/chrony.keys');
    for (const line of files.split('\n').filter((one) => one !== ''))
      expect(line).toMatch(/^(?:640 \/etc\/chrony\.keys|600 |400 )/);
  });

  describe('role base', () => {
    const vars = (ssh: number, bind: number): string => `interface: host0
redundancy: { minHealthy: 1 }
base_hostname: ns1-renamed
base_nameservers: [192.0.2.1]
base_dns_stub: false
base_sysctls: { net.ipv4.ip_nonlocal_bind: ${bind} }
base_firewall: { rules: [tcp dport ${ssh} accept, "udp dport { 53, 123 } accept"] }
base_authorized_keys: { core: ["${PUBLIC_KEY}"] }
base_motd: Managed by coreos-infra.
`;
    const state = () =>
      pair().onHost(
        'ns1',
        'cat /proc/sys/kernel/hostname /etc/hostname /proc/sys/net/ipv4/ip_nonlocal_bind; nft list table inet coreos_infra | grep "tcp dport"; cat /etc/resolv.conf | grep ^nameserver; readlink /etc/resolv.conf; sshd -T | grep -i authorizedkeysfile; ls /etc/motd.d',
      );

    it('makes a host what is described, and the second run changes nothing', async () => {
      setVars('all', vars(22, 1));
      const first = await run('base', '-l', 'ns1');
      ends(first, 'changed');
      expect((await state()).split('\n').map((line) => line.trim())).toEqual([
        'ns1-renamed',
        'ns1-renamed',
        '1',
        'tcp dport 22 accept',
        expect.stringMatching(/^nameserver .*\.1$/),
        '../run/systemd/resolve/stub-resolv.conf',
        expect.stringContaining('/etc/ssh/authorized_keys.d/%u'),
        '50-coreos-infra',
      ]);
      ends(await run('base', '-l', 'ns1'), 'ok');
    });

    it('that closes the port of a service of the host is undone, and says which', async () => {
      const before = await state();
      setVars('all', vars(22, 1).replace('{ 53, 123 }', '53'));
      const result = await run('base', '-l', 'ns1');
      expect(result).toMatchObject({ code: 2, summary: { hosts: { ns1: { status: 'reverted' } } } });
      expect(result.summary.hosts['ns1']?.error).toMatchObject({
        message: expect.stringContaining('service of the host: ntp'),
      });
      expect(await state()).toBe(before);
    });

    it('touches no host whose peer does not serve', async () => {
      setVars('all', vars(22, 0));
      await pair().onHost('ns2', 'systemctl stop chronyd');
      const result = await run('base', '-l', 'ns1');
      await pair().onHost('ns2', 'systemctl start chronyd');
      expect(result).toMatchObject({ code: 2, summary: { hosts: { ns1: { status: 'refused' } } } });
      expect(result.summary.hosts['ns1']?.error?.detail.join('\n')).toContain('ns2  ntp');
    });

    it('that locks everybody out is undone by the host itself, wholly', async () => {
      const before = await state();
      setVars('all', vars(2222, 0).replace('ns1-renamed', 'ns1-locked'));
      const result = await run('base', '-l', 'ns1', '--confirm-within', '5');
      expect(result).toMatchObject({ code: 2, summary: { hosts: { ns1: { status: 'reverted' } } } });
      expect(await state()).toBe(before);
    });

    it('is refused by nft before anything is touched, and takes its table away when no firewall is asked for', async () => {
      setVars('all', vars(22, 1).replace('udp dport', 'udp dprot'));
      const wrong = await run('base', '-l', 'ns1');
      expect(wrong).toMatchObject({ code: 2, summary: { hosts: { ns1: { status: 'failed' } } } });
      expect(wrong.summary.hosts['ns1']?.error?.detail.join('\n')).toContain('dprot');
      setVars('all', vars(22, 1).replace(/base_firewall.*\n/, ''));
      expect(changes(await run('base', '-l', 'ns1'))).toEqual(
        expect.arrayContaining([
          'delete file:/etc/coreos-infra-firewall.nft',
          'stop unit:coreos-infra-firewall.service',
        ]),
      );
      expect(await pair().onHost('ns1', 'nft list tables')).not.toContain('coreos_infra');
      ends(await run('base', '-l', 'ns1'), 'ok');
    });
  });
});

const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl test';
