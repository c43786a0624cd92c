/** Vars that cannot be right are refused with their place before a host is asked. */
import { describe, expect, it } from 'vitest';
import { keaServers } from '../../../../roles/kea/settings.ts';
import type { Vars } from '../../../../src/index.ts';
import { InvalidValueError } from '../../../../src/schema/errors.ts';
import { contextOf, type Options, SUBNET } from './context.ts';

function problemsOf(vars: Vars, options?: Options): readonly string[] {
  try {
    keaServers(contextOf(vars, options));
    return [];
  } catch (error) {
    if (error instanceof InvalidValueError)
      return error.problems.map(({ message, where }) => `${where?.line ?? '?'} ${message}`);
    throw error;
  }
}

const subnet = (more: Vars): Vars => ({ subnets: [{ ...SUBNET, ...more }] });
const reservation = (...all: readonly Vars[]): Vars => subnet({ reservations: all as never });
const HW = '00:53:00:12:34:56';

describe('settings that are sound', () => {
  it('make both members of the pair, each with its own name', () => {
    const [first] = keaServers(contextOf());
    const [second] = keaServers(contextOf({}, { host: 'ns2' }));
    expect(first?.config.ha).toMatchObject({ thisServer: 'ns1', mode: 'hot-standby', port: 8001, heartbeatMs: 1000 });
    expect(second?.config.ha).toEqual({ ...first?.config.ha, thisServer: 'ns2' });
    expect(first?.config.ha?.peers).toEqual([
      { name: 'ns1', address: '192.0.2.11', role: 'primary' },
      { name: 'ns2', address: '192.0.2.12', role: 'standby' },
    ]);
  });

  it('may name the primary, and share the load', () => {
    const [server] = keaServers(contextOf({ ha_primary: 'ns2', ha_mode: 'load-balancing' }));
    expect(server?.config.ha?.peers.map(({ name, role }) => `${name} ${role}`)).toEqual([
      'ns2 primary',
      'ns1 secondary',
    ]);
  });

  it('have no partner where the play has one host', () => {
    expect(keaServers(contextOf({}, { members: ['ns1'] }))[0]?.config.ha).toBeUndefined();
  });

  it('take Kea’s version from the tag of the image, or from kea_version', () => {
    expect(keaServers(contextOf({ image: 'example.org/kea:3.0.3' }))[0]?.config.version).toEqual({
      major: 3,
      minor: 0,
    });
    expect(keaServers(contextOf({ image: 'example.org/kea:lts', version: '2.6.3' }))[0]?.config.version).toEqual({
      major: 2,
      minor: 6,
    });
  });

  it('serve IPv6 by a second server on a port of its own', () => {
    const vars = {
      dhcp6_image: 'example.org/kea-dhcp6:2.6.3',
      subnets6: [{ id: 1, subnet: '2001:db8::/64', pools: ['2001:db8::1000-2001:db8::1fff'] }],
    };
    expect(keaServers(contextOf(vars)).map(({ config }) => [config.family, config.ha?.port])).toEqual([
      [4, 8001],
      [6, 8002],
    ]);
  });
});

describe('refused with their place', () => {
  it.each<[string, Vars, readonly string[]]>([
    ['no subnet', { subnets: [] }, ['2 there is no subnet to serve']],
    [
      'an id twice',
      { subnets: [SUBNET, { ...SUBNET, subnet: '198.51.100.0/24', pools: [] }] },
      ['4 subnet id 1 stands twice'],
    ],
    ['a subnet that is an address', subnet({ subnet: '192.0.2.1/24', pools: [] }), ['4 "192.0.2.1/24" is no network']],
    [
      'subnets that overlap',
      { subnets: [SUBNET, { id: 2, subnet: '192.0.2.128/25', pools: [] }] },
      ['4 192.0.2.128/25 (id 2) overlaps 192.0.2.0/24 (id 1)'],
    ],
    [
      'a pool outside',
      subnet({ pools: ['192.0.3.1-192.0.3.9'] }),
      ['5 the pool 192.0.3.1 - 192.0.3.9 is not inside 192.0.2.0/24'],
    ],
    [
      'pools that overlap',
      subnet({ pools: ['192.0.2.100-192.0.2.150', '192.0.2.150-192.0.2.199'] }),
      ['5 the pool 192.0.2.150 - 192.0.2.199 overlaps 192.0.2.100 - 192.0.2.150'],
    ],
    [
      'a pool that goes backwards',
      subnet({ pools: ['192.0.2.199-192.0.2.100'] }),
      ['5 "192.0.2.199 - 192.0.2.100" is no range of IPv4 addresses'],
    ],
    [
      'a pool with the server in it',
      subnet({ pools: ['192.0.2.10-192.0.2.99'] }),
      [
        '5 the pool 192.0.2.10 - 192.0.2.99 has 192.0.2.11, which is the host ns1 itself',
        '5 the pool 192.0.2.10 - 192.0.2.99 has 192.0.2.12, which is the host ns2 itself',
      ],
    ],
    [
      'a reservation outside',
      reservation({ hw_address: HW, ip_address: '198.51.100.5' }),
      ['5 the reserved address 198.51.100.5 is not in 192.0.2.0/24'],
    ],
    [
      'a client twice',
      reservation({ hw_address: HW }, { hw_address: HW.toUpperCase() }),
      [`5 hw-address ${HW.toUpperCase()} has two reservations in this subnet`],
    ],
    [
      'an address twice',
      reservation(
        { hw_address: HW, ip_address: '192.0.2.50' },
        { hw_address: '00:53:00:00:00:01', ip_address: '192.0.2.50' },
      ),
      ['5 192.0.2.50 is reserved twice in this subnet'],
    ],
    [
      'a reservation for nobody',
      reservation({ ip_address: '192.0.2.50' }),
      ['5 a reservation is for nobody', '5 "" is no hw-address'],
    ],
    [
      'a MAC address that is none',
      reservation({ hw_address: '00:53:00:12:34' }),
      ['5 "00:53:00:12:34" is no hw-address'],
    ],
    ['a class that nobody described', subnet({ client_classes: ['voip'] }), ['4 there is no class "voip"']],
    ['a class twice', { client_classes: [{ name: 'a' }, { name: 'a' }] }, ['4 the class "a" stands twice']],
    [
      'an option of a wrong type',
      { options: { routers: 'ns1' } },
      ['3 the option routers must be a list of IPv4 addresses'],
    ],
    [
      'an option that has no place in a DHCP message',
      { options: { 'domain-name': 'a\nb' } },
      ['3 the option domain-name must be a text without control characters'],
    ],
    [
      'a boot file that is too long',
      { boot: { bios: 'x'.repeat(128) } },
      ["3 a boot file's name has at most 127 bytes"],
    ],
    [
      'timers in the wrong order',
      { renew_timer: 4000 },
      ['2 renewing after 4000 s and rebinding after – s do not fit a lease of 3600 s'],
    ],
    ['a primary that is not there', { ha_primary: 'ns9' }, ['2 kea_ha_primary "ns9" is no host of the play']],
    [
      'a silence shorter than a heartbeat',
      { ha_max_response_delay_ms: 900 },
      ['2 900 ms without an answer is not more than a heartbeat of 1000 ms'],
    ],
    [
      'a hook from somewhere',
      { hooks: [{ library: '/tmp/evil.so' }] },
      ['4 "/tmp/evil.so" is no hook that Kea would load'],
    ],
    ['a hook of ours', { hooks: [{ library: 'libdhcp_ha.so' }] }, ['4 libdhcp_ha.so is loaded by the role']],
    [
      'a socket of one’s own',
      { extra: { 'control-socket': { 'socket-name': '/tmp/x' } } },
      ['3 control-socket is written by the role'],
    ],
    [
      'a lease file of one’s own',
      { extra: { 'lease-database': { name: '/tmp/x' } } },
      ['3 lease-database is written by the role'],
    ],
    [
      'a log file',
      { extra: { loggers: [{ 'output-options': [{ output: '/var/log/kea.log' }] }] } },
      ['3 Kea cannot write its log to "/var/log/kea.log"'],
    ],
    [
      'an image without a version',
      { image: 'example.org/kea:lts' },
      ['2 which Kea is in example.org/kea:lts cannot be told by its tag'],
    ],
    ['a Kea that is too old', { image: 'example.org/kea:2.4.1' }, ['2 Kea 2.4 is too old']],
    [
      'IPv6 without an image',
      { subnets6: [{ id: 1, subnet: '2001:db8::/64' }] },
      ['2 kea_subnets6 needs kea_dhcp6_image'],
    ],
  ])('%s', (_, vars, problems) => {
    expect(problemsOf(vars)).toEqual(problems);
  });

  it('more than two hosts', () => {
    expect(problemsOf({}, { members: ['ns1', 'ns2', 'ns3'] })[0]).toContain(
      'Kea works in pairs, and the play has 3 hosts',
    );
  });

  it('two classes for one pool, which Kea 2.6 cannot say and 3.0 can', () => {
    const vars = { client_classes: [{ name: 'a' }, { name: 'b' }], ...subnet({ client_classes: ['a', 'b'] }) };
    expect(problemsOf(vars)[0]).toContain('one class only');
    expect(problemsOf({ ...vars, image: 'example.org/kea:3.0.3' })).toEqual([]);
  });
});
