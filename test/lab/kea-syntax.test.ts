/** Everything that the role can say, read by the Kea of each release: `-t`, and `-T` with its hooks. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { keaServers } from '../../roles/kea/settings.ts';
import type { Vars } from '../../src/index.ts';
import { daemonOf } from '../../src/kea/daemon.ts';
import { renderForTrial, renderKea } from '../../src/kea/render.ts';
import { programOf } from '../../src/lab/images.ts';
import { contextOf } from '../unit/roles/kea/context.ts';
import { noLab } from './requirements.ts';

const NAME = 'docker.cloudsmith.io/isc/docker/kea-dhcp';
const HW = '00:53:00:12:34:56';

/** Every var of the role, once. */
const FULL: Vars = {
  interfaces: ['lo'],
  authoritative: true,
  valid_lifetime: 7200,
  renew_timer: 1800,
  rebind_timer: 3600,
  options: {
    routers: ['192.0.2.1'],
    'domain-name-servers': ['192.0.2.11', '192.0.2.12'],
    'domain-name': 'example.com',
    'domain-search': ['example.com', 'lab.example.com'],
    'interface-mtu': 1500,
    'time-offset': -3600,
    'ip-forwarding': false,
    tcode: 'Europe/Berlin',
    pcode: 'CET-1CEST,M3.5.0,M10.5.0/3',
    'classless-static-route': [{ to: '198.51.100.0/24', via: '192.0.2.1' }],
    'v4-captive-portal': 'https://example.com/portal',
    'subnet-mask': '255.255.255.0',
    'default-ip-ttl': 64,
    'dhcp-renewal-time': 1000,
  },
  option_data: [
    { name: 'log-servers', data: '192.0.2.5', always_send: true },
    { code: 150, data: 'C0000205', csv_format: false },
  ],
  client_classes: [
    { name: 'voip', test: "substring(option[60].hex,0,4) == 'VoIP'", options: { 'tftp-server-name': '192.0.2.6' } },
    { name: 'late', test: "member('voip')", only_additional: true },
    { name: 'given' },
  ],
  boot: {
    next_server: '192.0.2.5',
    bios: 'undionly.kpxe',
    uefi_ia32: 'ipxe32.efi',
    uefi_x64: 'snponly.efi',
    uefi_arm64: 'arm64.efi',
    http_x64: 'http://192.0.2.5/ipxe.efi',
    http_arm64: 'http://192.0.2.5/arm64.efi',
    ipxe: 'http://192.0.2.5/boot.ipxe',
  },
  hooks: [{ library: 'libdhcp_stat_cmds.so' }],
  extra: { 'echo-client-id': true, 'decline-probation-period': 3600 },
  subnets: [
    {
      id: 1,
      subnet: '192.0.2.0/24',
      pools: [
        '192.0.2.100-192.0.2.149',
        { pool: '192.0.2.160/28', client_classes: ['voip'], options: { routers: ['192.0.2.2'] } },
      ],
      additional_classes: ['late'],
      relays: ['192.0.2.9'],
      valid_lifetime: 600,
      next_server: '192.0.2.5',
      boot_file_name: 'default.efi',
      reservations: [
        {
          hw_address: HW,
          ip_address: '192.0.2.50',
          hostname: 'printer',
          client_classes: ['given'],
          options: { routers: ['192.0.2.2'] },
        },
        { client_id: '01:02:03', boot_file_name: 'other.efi' },
        { duid: '00:01:02:03', ip_address: '192.0.2.51' },
      ],
    },
    { id: 2, subnet: '198.51.100.0/24', pools: ['198.51.100.0/25'], client_classes: ['voip'] },
  ],
  options6: {
    'dns-servers': ['2001:db8::53'],
    'domain-search': ['example.com'],
    'information-refresh-time': 3600,
    'bootfile-url': 'http://[2001:db8::5]/boot',
  },
  subnets6: [
    {
      id: 1,
      subnet: '2001:db8::/64',
      pools: ['2001:db8::1000-2001:db8::1fff'],
      pd_pools: [{ prefix: '2001:db8:8::/48', delegated_length: 56 }],
      reservations: [
        { duid: '00:01:02:03', ip_addresses: ['2001:db8::50'], prefixes: ['2001:db8:8:100::/56'], hostname: 'printer' },
      ],
    },
  ],
};

describe.skipIf(noLab).each(['2.6.3', '3.0.3'])('Kea %s', (version) => {
  let rootfs: string;
  beforeAll(async () => {
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    rootfs = join(dirname(await programOf(`${NAME}4:${version}`, log)), 'rootfs');
  });

  /** In a mount namespace of its own: the tree is shared. Returns what it complains of. */
  function read(
    family: 4 | 6,
    flag: '-t' | '-T',
    text: string,
  ): { readonly status: number | null; readonly said: string } {
    const folder = mkdtempSync(join(tmpdir(), 'kea-'));
    try {
      writeFileSync(join(folder, 'kea.conf'), text);
      const script = 'mount --bind "$1" "$2/tmp" && exec chroot "$2" "$3" "$4" /tmp/kea.conf';
      const env = {
        KEA_HOOKS_PATH: '/usr/lib/kea/hooks',
        KEA_DHCP_DATA_DIR: '/tmp',
        KEA_PIDFILE_DIR: '/tmp',
        KEA_LOCKFILE_DIR: '/tmp',
      };
      const args = [
        '--mount',
        '--propagation',
        'private',
        'bash',
        '-c',
        script,
        'kea',
        folder,
        rootfs,
        daemonOf(family).program,
        flag,
      ];
      const { status, stdout, stderr } = spawnSync('unshare', args, {
        encoding: 'utf8',
        env: { ...process.env, ...env },
      });
      return {
        status,
        said: `${stdout}${stderr}`
          .split('\n')
          .filter((line) => !/ (?:INFO|WARN) /.test(line))
          .join('\n'),
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  const vars = (mode: string): Vars => ({
    ...FULL,
    image: `${NAME}4:${version}`,
    dhcp6_image: `${NAME}6:${version}`,
    ha_mode: mode,
  });

  it.each(['hot-standby', 'load-balancing'])('accepts all that the role can say, for %s', (mode) => {
    for (const { config } of keaServers(contextOf(vars(mode)))) {
      expect(read(config.family, '-t', renderKea(config).text)).toMatchObject({ status: 0 });
      expect(read(config.family, '-T', renderForTrial(config))).toMatchObject({ status: 0 });
    }
  });

  it('would not accept an expression that is none', () => {
    const [server] = keaServers(
      contextOf({
        ...vars('hot-standby'),
        client_classes: [{ name: 'voip', test: 'option[60' }, { name: 'late' }, { name: 'given' }],
      }),
    );
    if (server === undefined) throw new Error('there is a server');
    expect(read(4, '-t', renderKea(server.config).text)).toMatchObject({
      status: 1,
      said: expect.stringContaining('expression'),
    });
  });
});
