/** The role as the engine sees it: what is written for each release, what reloads, what restarts, what is asked. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { kea } from '../../../../roles/kea/index.ts';
import { judgeLoaded, judgeStatus } from '../../../../roles/kea/probes.ts';
import type { FileResource, QuadletResource, UnitResource } from '../../../../src/index.ts';
import type { Vars } from '../../../../src/inventory/model.ts';
import { statusAnswer } from '../../kea/status.ts';
import { contextOf, type Options, SUBNET } from './context.ts';

const resourcesOf = (vars: Vars = {}, options?: Options) => kea.resources(contextOf(vars, options) as never);
const fileOf = (vars?: Vars, options?: Options) =>
  resourcesOf(vars, options).find(({ kind }) => kind === 'file') as FileResource;
const dhcp4 = (vars?: Vars, options?: Options): Record<string, unknown> =>
  (JSON.parse(String(fileOf(vars, options).content)) as { Dhcp4: Record<string, unknown> }).Dhcp4;
const V3 = 'docker.cloudsmith.io/isc/docker/kea-dhcp4:3.0.3';

describe('the configuration', () => {
  it('speaks the words of the release', () => {
    const vars = {
      client_classes: [{ name: 'voip', test: "substring(option[60].hex,0,4) == 'VoIP'", only_additional: true }],
      subnets: [{ ...SUBNET, client_classes: ['voip'], additional_classes: ['voip'] }],
    };
    const old = JSON.stringify(dhcp4(vars));
    const now = JSON.stringify(dhcp4({ ...vars, image: V3 }));
    expect(old).toContain('"control-socket":{');
    expect(old).toContain('"client-class":"voip","require-client-classes":["voip"]');
    expect(old).toContain('"only-if-required":true');
    expect(now).toContain('"control-sockets":[{');
    expect(now).toContain('"client-classes":["voip"],"evaluate-additional-classes":["voip"]');
    expect(now).toContain('"only-in-additional-list":true');
  });

  it('differs between the two hosts in the server’s own name alone', () => {
    const [first, second] = (['ns1', 'ns2'] as const).map((host) => String(fileOf({}, { host }).content).split('\n'));
    const different = first?.filter((line, i) => line !== second?.[i]);
    expect(different).toEqual([
      expect.stringContaining('"fingerprint"'),
      expect.stringContaining('"this-server-name": "ns1"'),
    ]);
  });

  it('loads what HA needs, and no listener of its own for the trial', () => {
    const { validate, content } = fileOf();
    expect(String(content)).toContain('"http-dedicated-listener": true');
    expect(validate?.scratch).toEqual([
      { as: 'trial.conf', content: expect.stringContaining('"http-dedicated-listener": false') },
    ]);
    expect((dhcp4()['hooks-libraries'] as { library: string }[]).map(({ library }) => library)).toEqual([
      'libdhcp_lease_cmds.so',
      'libdhcp_ha.so',
    ]);
  });

  it('halves the pools for load balancing, so that no address is in both halves', () => {
    const [subnet] = dhcp4({ ha_mode: 'load-balancing' })['subnet4'] as { pools: unknown[] }[];
    expect(subnet?.pools).toEqual([
      { pool: '192.0.2.100 - 192.0.2.149', 'client-class': 'HA_ns1' },
      { pool: '192.0.2.150 - 192.0.2.199', 'client-class': 'HA_ns2' },
    ]);
  });

  it('gives each firmware its own file, and HTTP boot its word back', () => {
    const boot = {
      next_server: '192.0.2.5',
      bios: 'undionly.kpxe',
      uefi_x64: 'snponly.efi',
      http_x64: 'http://192.0.2.5/ipxe.efi',
      ipxe: 'http://192.0.2.5/boot.ipxe',
    };
    expect(dhcp4({ boot })['client-classes']).toEqual([
      {
        name: 'ipxe',
        test: "option[77].hex == 'iPXE'",
        'next-server': '192.0.2.5',
        'boot-file-name': 'http://192.0.2.5/boot.ipxe',
      },
      {
        name: 'pxe-bios',
        test: "option[93].hex == 0x0000 and not (option[77].hex == 'iPXE')",
        'next-server': '192.0.2.5',
        'boot-file-name': 'undionly.kpxe',
      },
      {
        name: 'pxe-uefi-x64',
        test: "(option[93].hex == 0x0007 or option[93].hex == 0x0009) and not (option[77].hex == 'iPXE')",
        'next-server': '192.0.2.5',
        'boot-file-name': 'snponly.efi',
      },
      {
        name: 'http-uefi-x64',
        test: "option[93].hex == 0x0010 and substring(option[60].hex,0,10) == 'HTTPClient' and not (option[77].hex == 'iPXE')",
        'boot-file-name': 'http://192.0.2.5/ipxe.efi',
        'option-data': [{ name: 'vendor-class-identifier', 'always-send': true, data: 'HTTPClient' }],
      },
    ]);
  });

  it('writes texts that Kea would split or unescape as bytes', () => {
    const options = {
      'domain-name': 'example.com',
      tcode: 'a,b',
      'root-path': 'C:\\boot',
      'classless-static-route': [{ to: '198.51.100.0/24', via: '192.0.2.1' }],
    };
    expect(dhcp4({ options })['option-data']).toEqual([
      { name: 'domain-name', data: 'example.com' },
      { name: 'tcode', 'csv-format': false, data: '612C62' },
      { name: 'root-path', 'csv-format': false, data: '433A5C626F6F74' },
      { code: 121, 'csv-format': false, data: '18C63364C0000201' },
    ]);
  });

  it('keeps hostile text inside its JSON string', () => {
    const hostile = 'x\' == \'x", "hooks-libraries": [{}], "a": "${HOME} $(id) `id` <?include "/etc/shadow"?>';
    const [read] = dhcp4({ client_classes: [{ name: 'a', test: hostile }] })['client-classes'] as { test: string }[];
    expect(read?.test).toBe(hostile);
  });
});

describe('what a change does', () => {
  it('reloads for the configuration, and restarts for the container', () => {
    const [file, service, unit] = resourcesOf().slice(-3) as [FileResource, QuadletResource, UnitResource];
    expect(unit).toMatchObject({ unit: 'kea-dhcp4.service', reloadOn: [file.id], restartOn: [service.id] });
  });

  it('is told by subnets, pools, options and reservations, not by lines', () => {
    const before = fileOf({
      options: { routers: ['192.0.2.1'] },
      subnets: [{ ...SUBNET, reservations: [{ hw_address: '00:53:00:00:00:01', ip_address: '192.0.2.50' }] }],
    });
    const after = fileOf({
      options: { routers: ['192.0.2.254'], 'domain-name': 'example.com' },
      subnets: [
        {
          ...SUBNET,
          pools: ['192.0.2.100-192.0.2.150'],
          reservations: [{ hw_address: '00:53:00:00:00:01', ip_address: '192.0.2.51', hostname: 'printer' }],
        },
        { id: 2, subnet: '198.51.100.0/24', pools: [] },
      ],
    });
    expect(after.describe?.(String(before.content))).toEqual({
      detail: 'subnets +1 ~1, options +1 ~1',
      lines: [
        '~ subnet 1  192.0.2.0/24',
        '  - pool 192.0.2.100 - 192.0.2.199',
        '  + pool 192.0.2.100 - 192.0.2.150',
        '  ~ reservation 00:53:00:00:00:01  ip-address 192.0.2.50 → 192.0.2.51, hostname none → printer',
        '+ subnet 2  198.51.100.0/24',
        '~ option routers  192.0.2.1 → 192.0.2.254',
        '+ option domain-name  example.com',
      ],
    });
    expect(after.describe?.(String(after.content))?.lines).toEqual([]);
    expect(after.describe?.('{ /* by hand */ }')).toBeUndefined();
  });

  it('hands clients over for a reload, and takes the partner’s word for a restart', () => {
    const states = kea.temporaryStates?.(contextOf() as never) ?? [];
    expect(states.map(({ name, on, when, only }) => [name, on, when, only?.actions])).toEqual([
      ['kea-handover-4', 'ns2', 'change', ['reload']],
      ['kea-maintenance-4', 'ns2', 'both', ['restart', 'start', 'stop']],
    ]);
    expect(kea.temporaryStates?.(contextOf({}, { members: ['ns1'] }) as never)).toEqual([]);
  });

  it('is made of scripts that bash can read', () => {
    const states = kea.temporaryStates?.(contextOf() as never) ?? [];
    const scripts = [
      ...states.flatMap(({ enter, proven, leave, left }) => [enter, proven, leave, left]),
      ...(kea.preconditions?.(contextOf() as never) ?? []).map(({ script }) => script),
    ];
    for (const script of scripts)
      expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  it('never gives the container more than it needs', () => {
    const container = (vars: Vars) =>
      String((resourcesOf(vars).find(({ kind }) => kind === 'quadlet') as QuadletResource).content);
    expect(container({}).match(/^(?:Drop|Add)Capability=.*$/gm)).toEqual([
      'DropCapability=ALL',
      'AddCapability=NET_BIND_SERVICE',
      'AddCapability=NET_RAW',
    ]);
    expect(container({ socket_type: 'udp' })).not.toContain('NET_RAW');
    expect(container({})).toContain('RuntimeDirectoryMode=0750\nRuntimeDirectoryPreserve=yes');
    expect(container({})).toContain('Environment=KEA_PIDFILE_DIR=/tmp');
    expect(container({})).toContain('Pull=never');
  });
});

describe('probes', () => {
  it('ask the host itself, and for an offer', () => {
    expect(kea.probes?.(contextOf() as never).map(({ kind }) => kind)).toEqual(['host', 'host', 'dhcp']);
  });

  const said = (status: string, free = 9_000_000): string => `${status}\n  ${free}\n`;

  it('judge what the server says', () => {
    expect(judgeStatus(said(statusAnswer({ state: 'hot-standby' })), 64)).toEqual({
      ok: true,
      detail: 'hot-standby, partner hot-standby',
    });
    expect(judgeStatus(said(statusAnswer({ state: 'waiting' })), 64)).toMatchObject({
      ok: false,
      detail: 'state waiting',
    });
    expect(judgeStatus('', 64)).toEqual({ ok: false, detail: 'does not answer on its control socket' });
    expect(judgeStatus(said(statusAnswer({ state: 'in-maintenance' })), 64).ok).toBe(false);
  });

  it('judge the room for leases: a warning first, then a failure', () => {
    expect(judgeStatus(said(statusAnswer({ state: 'hot-standby' }), 20_000), 64)).toMatchObject({
      ok: true,
      warning: '19.5 MiB left in /var for leases',
    });
    expect(judgeStatus(said(statusAnswer({ state: 'hot-standby' }), 100), 64)).toMatchObject({ ok: false });
  });

  it('tell what is loaded from what is written', () => {
    const print = '0123456789abcdef';
    expect(judgeLoaded(`{"coreos-infra":{"fingerprint":"${print}"}}\n`, print).ok).toBe(true);
    expect(judgeLoaded(`{"coreos-infra":{"fingerprint":"fedcba9876543210"}}\n`, print).detail).toContain(
      'has loaded fedcba9876543210',
    );
    for (const text of [
      '{}',
      'null',
      '[]',
      '"x"',
      '{"coreos-infra":null}',
      '{"coreos-infra":{"fingerprint":"\\u001b[31m"}}',
    ])
      expect(judgeLoaded(text, print)).toEqual({ ok: false, detail: 'has loaded a configuration that is not ours' });
    expect(judgeLoaded('', print).detail).toContain('does not answer');
  });
});
