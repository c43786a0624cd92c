/** What the role base makes of its vars; hostile values end before a host is asked, or stand quoted in the scripts. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { isPublicKey, sysctlPath } from '../../../../roles/base/checks.ts';
import { ruleset } from '../../../../roles/base/firewall.ts';
import { base } from '../../../../roles/base/index.ts';
import { desiredHost } from '../../../../src/engine/desired.ts';
import { plan } from '../../../../src/engine/plan.ts';
import { type Resource, use } from '../../../../src/index.ts';
import type { VarValue } from '../../../../src/inventory/model.ts';
import { isReservedName } from '../../../../src/playbook/reserved.ts';
import { InvalidValueError } from '../../../../src/schema/errors.ts';
import { host, observation } from '../../engine/build.ts';
import { catching } from '../../inventory/tree.ts';

const inventory = { dir: '/', hosts: new Map(), groups: new Map(), varNames: new Map() };
const desired = (vars: Record<string, VarValue>) => {
  const prefixed = Object.fromEntries(Object.entries(vars).map(([key, value]) => [`base_${key}`, value]));
  return desiredHost(host('ns1', prefixed), { uses: [use(base)], members: [], inventory, zones: () => [] });
};
const resources = (vars: Record<string, VarValue>): readonly Resource[] =>
  desired(vars).resources.map(({ resource }) => resource);
const find = (vars: Record<string, VarValue>, id: string): Resource => {
  const found = resources(vars).find((one) => one.id === id);
  if (found === undefined) throw new Error(`no ${id} among ${resources(vars).map((one) => one.id)}`);
  return found;
};
const contentOf = (vars: Record<string, VarValue>, path: string): string => {
  const found = find(vars, `file:${path}`);
  if (found.kind !== 'file') throw new Error('no file');
  return String(found.content);
};
const scriptOf = (vars: Record<string, VarValue>, name: string) => {
  const found = find(vars, `command:${name}`);
  if (found.kind !== 'command') throw new Error('no command');
  return found;
};
const refusal = (vars: Record<string, VarValue>): string => catching(InvalidValueError, () => resources(vars)).message;

const ED25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';

describe('nothing asked for', () => {
  it('changes nothing on a host without our firewall, and is no command’s name', () => {
    const seen = { ...observation(), commandsSatisfied: new Map([['command:no firewall', true]]) };
    expect(plan({ desired: desired({}), observation: seen, serials: new Map() })).toEqual([]);
    expect(resources({}).map(({ id }) => id)).toEqual(['unit:coreos-infra-firewall.service', 'command:no firewall']);
    expect(isReservedName('base')).toBe(false);
  });
});

describe('hostname', () => {
  it('is the inventory’s name, or the one that is given', () => {
    expect(contentOf({ hostname: true }, '/etc/hostname')).toBe('ns1\n');
    expect(contentOf({ hostname: 'ns1.example.net' }, '/etc/hostname')).toBe('ns1.example.net\n');
    const { unless, script, undo } = scriptOf({ hostname: true }, 'hostname');
    expect(unless).toContain("== 'ns1'");
    expect(script).toContain("tell 'ns1'");
    expect(spawnSync('bash', ['-n', '-c', script]).status).toBe(0);
    expect(undo).toContain('tell "$(<');
  });

  it.each(["ns1'; reboot", '-F/etc/passwd', 'a..b', 'a b', '', 'ä', 'x'.repeat(254), `${'a'.repeat(63)}.b`])(
    'is not %j',
    (name) => {
      expect(() => resources({ hostname: name })).toThrow(InvalidValueError);
    },
  );
});

describe('the resolver', () => {
  it('is set up in a file of its own, and restarted for it', () => {
    const vars = { nameservers: ['192.0.2.53', '2001:db8::53'], search_domains: ['example.net'], dns_stub: false };
    expect(contentOf(vars, '/etc/systemd/resolved.conf.d/50-coreos-infra.conf')).toBe(
      '[Resolve]\nDNS=\nDNS=192.0.2.53 2001:db8::53\nDomains=\nDomains=example.net\nDNSStubListener=no\n',
    );
    expect(find(vars, 'unit:systemd-resolved.service')).toMatchObject({
      restartOn: ['file:/etc/systemd/resolved.conf.d/50-coreos-infra.conf'],
    });
  });

  it.each([{ nameservers: ['resolver.example.net'] }, { nameservers: ['1.2.3'] }, { search_domains: ['a b'] }])(
    'is not %j',
    (vars) => {
      expect(() => resources(vars)).toThrow(InvalidValueError);
    },
  );
});

describe('sysctls', () => {
  it('go to a file and, where they differ, to the kernel', () => {
    const vars = {
      sysctls: {
        'net.ipv4.ip_nonlocal_bind': 1,
        'net/ipv4/conf/eth0.5/rp_filter': '2',
        'net.ipv4.tcp_rmem': '4096  131072 6291456',
      },
    };
    expect(contentOf(vars, '/etc/sysctl.d/90-coreos-infra.conf')).toContain(
      '\nnet/ipv4/ip_nonlocal_bind = 1\nnet/ipv4/conf/eth0.5/rp_filter = 2\nnet/ipv4/tcp_rmem = 4096 131072 6291456\n',
    );
    expect(sysctlPath('net.ipv4.conf.eth0/5.rp_filter')).toBe('net/ipv4/conf/eth0.5/rp_filter');
  });

  it('that hold are left alone: the check is run by a real bash', () => {
    const run = (value: string) =>
      spawnSync('bash', ['-c', scriptOf({ sysctls: { 'kernel.ostype': value } }, 'sysctls').unless ?? 'exit 9']).status;
    expect(run('Linux')).toBe(0);
    expect(run('Hurd')).toBe(1);
  });

  it.each([
    { sysctls: { '../../etc/passwd': 1 } },
    { sysctls: { 'kernel.core_pattern': '|/bin/sh' } },
    { sysctls: { 'a.b; reboot': 1 } },
    { sysctls: { 'vm.swappiness': "1'\n" } },
    { sysctls: { 'vm.swappiness': '1\nkernel.sysrq = 1' } },
    { sysctls: { swappiness: 1 } },
  ])('are not %j', (vars) => {
    expect(() => resources(vars)).toThrow(InvalidValueError);
  });

  it('are not written twice', () => {
    expect(refusal({ sysctls: { 'vm.swappiness': 1, 'vm/swappiness': 2 } })).toContain('are one setting');
  });
});

describe('the firewall', () => {
  const rules = ['tcp dport { 22, 53 } accept', 'udp dport 53 accept comment "DNS; of course {"'];

  it('is one table of its own, replaced as a whole, checked by nft first', () => {
    expect(ruleset({ rules, policy: 'drop' })).toMatchInlineSnapshot(`
      "# Written by coreos-infra (role base). Changes made here are replaced by the next run.
      table inet coreos_infra
      delete table inet coreos_infra
      table inet coreos_infra {
        chain input {
          type filter hook input priority filter; policy drop;
          ct state established,related accept
          ct state invalid drop
          iif lo accept
          meta l4proto { icmp, ipv6-icmp } accept
          tcp dport { 22, 53 } accept
          udp dport 53 accept comment "DNS; of course {"
        }
      }
      "
    `);
    expect(find({ firewall: { rules } }, 'file:/etc/coreos-infra-firewall.nft')).toMatchObject({
      mode: 0o600,
      validate: { argv: ['nft', '--check', '--file', '{dir}/rules.nft'] },
    });
    expect(find({ firewall: { rules } }, 'unit:coreos-infra-firewall.service')).toMatchObject({
      enabled: true,
      reloadOn: ['file:/etc/coreos-infra-firewall.nft'],
    });
  });

  it.each([
    'accept\n} chain forward { drop',
    'accept } chain x {',
    'tcp dport { 22 accept',
    'accept; drop',
    'accept # all',
    'comment "never ends',
    'accept \\',
    'log prefix "a\u001b[2J"',
  ])('has no rule %j', (rule) => {
    expect(refusal({ firewall: { rules: [rule] } })).toContain('a rule ');
  });
});

describe('logins', () => {
  it('are keys in /etc/ssh, by user, beside the user’s own', () => {
    const vars = { authorized_keys: { core: [`from="192.0.2.0/24" ${ED25519} me@desk`, `${ED25519}`], nobody: [] } };
    expect(contentOf(vars, '/etc/ssh/authorized_keys.d/core')).toContain(`\n${ED25519}\n`);
    expect(contentOf(vars, '/etc/ssh/sshd_config.d/10-coreos-infra-keys.conf')).toContain(
      'AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys.d/ignition /etc/ssh/authorized_keys.d/%u\n',
    );
    expect(resources(vars).map(({ id }) => id)).not.toContain('file:/etc/ssh/authorized_keys.d/nobody');
    expect(find(vars, 'unit:sshd.service')).toMatchObject({ kind: 'unit', state: 'started' });
  });

  it.each([
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['two lines', `${ED25519}\n${ED25519}`],
    ['another type than the key has', ED25519.replace('ssh-ed25519', 'ssh-rsa')],
    ['cut off', ED25519.slice(0, 20)],
    ['a name alone', 'ssh-ed25519'],
    ['text', 'hello'],
  ])('are not %s', (_name, key) => {
    expect(isPublicKey(key)).toBe(false);
    expect(refusal({ authorized_keys: { core: [key] } })).toContain('entry 1 of core is no public key');
  });

  it('are of users, not of paths', () => {
    expect(() => resources({ authorized_keys: { '../core': [ED25519] } })).toThrow(InvalidValueError);
  });
});

describe('motd', () => {
  it('is a fragment that ends with one newline', () => {
    expect(contentOf({ motd: 'Keep out.\n\n' }, '/etc/motd.d/50-coreos-infra')).toBe('Keep out.\n');
    expect(refusal({ motd: 'x\u001b[2J' })).toContain('control character');
  });
});

describe('zincati', () => {
  const PATH = '/etc/zincati/config.d/95-coreos-infra.toml';

  it('is left alone, switched off, or asks a lock server first', () => {
    expect(resources({}).map(({ id }) => id)).not.toContain(`file:${PATH}`);
    expect(contentOf({ zincati: 'disabled' }, PATH)).toMatch(/\n\[updates\]\nenabled = false\n$/);
    for (const url of ['https://lock.example.com', 'https://lock.example.com/', 'http://[2001:db8::1]:8080/a'])
      expect(contentOf({ zincati: { fleet_lock: url } }, PATH)).toContain(
        `strategy = "fleet_lock"\n\n[updates.fleet_lock]\nbase_url = "${url.replace(/\/$/, '')}/"\n`,
      );
  });

  it('is started anew only where it runs, and after an undo once the old file is back', () => {
    const { script, undo = '', onChangeOf } = scriptOf({ zincati: 'disabled' }, 'zincati');
    expect([script, onChangeOf]).toEqual(['timeout 30 systemctl try-restart zincati.service', [`file:${PATH}`]]);
    expect(undo).toMatch(
      /^systemd-run .*while \[\[ -e \/var\/lib\/coreos-infra\/open \]\]; do sleep 1; done; systemctl try-restart/,
    );
    expect(spawnSync('bash', ['-n', '-c', undo]).status).toBe(0);
    expect(find({ zincati: 'disabled' }, 'directory:/etc/zincati/config.d')).toBeDefined();
  });

  it.each([
    'immediate',
    'off',
    { fleet_lock: 'lock.example.com' },
    { fleet_lock: 'https://a/"\nenabled = true' },
    { fleet_lock: 'https://a/\\' },
    { fleet_lock: 'https://a b/' },
    { fleet_lock: 'https://a/', strategy: 'immediate' },
  ])('refuses %j', (zincati) => expect(refusal({ zincati: zincati as VarValue })).toContain('base_zincati'));
});
