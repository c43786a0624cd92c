import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { expect, test } from 'vitest';
import { labNetworks, mapAddress, mapInventory } from '../../../src/lab/address-map.ts';
import { mapText } from '../../../src/lab/address-text.ts';
import { LabError } from '../../../src/lab/errors.ts';
import { parseSubnet } from '../../../src/lab/subnets.ts';
import { catching, loadTree } from '../inventory/tree.ts';

const NETWORKS = [
  { inventory: '192.0.2.0/24', lab: '10.77.3.0/24' },
  { inventory: '2001:db8::/64', lab: 'fd77:c0de:1ab:3::/64' },
];
const pairs = NETWORKS.map(({ inventory, lab }) => ({ from: parseSubnet(inventory), to: parseSubnet(lab) }));
const back = pairs.map(({ from, to }) => ({ from: to, to: from }));

test.each([
  ['192.0.2.11', '10.77.3.11'],
  ['192.0.2.11/24', '10.77.3.11/24'],
  ['192.0.2.0/24', '10.77.3.0/24'],
  ['192.0.2.128/25', '10.77.3.128/25'],
  ['192.0.2.100 - 192.0.2.150', '10.77.3.100 - 10.77.3.150'],
  ['192.0.2.100-192.0.2.150', '10.77.3.100-10.77.3.150'],
  ['192.0.2.11:53', '10.77.3.11:53'],
  ['192.0.2.11#53', '10.77.3.11#53'],
  ['192.0.2.11@853', '10.77.3.11@853'],
  ['[2001:db8::1]:53', '[fd77:c0de:1ab:3::1]:53'],
  ['http://192.0.2.12:8001/', 'http://10.77.3.12:8001/'],
  ['http://192.0.2.12/8', 'http://10.77.3.12/8'],
  ['http://[2001:db8::1]/x', 'http://[fd77:c0de:1ab:3::1]/x'],
  ['forward . 192.0.2.1 192.0.2.2', 'forward . 10.77.3.1 10.77.3.2'],
  ['tls://192.0.2.1', 'tls://10.77.3.1'],
  ['Ask 192.0.2.1. Or 192.0.2.2, or (192.0.2.3)', 'Ask 10.77.3.1. Or 10.77.3.2, or (10.77.3.3)'],
  ['server:192.0.2.1', 'server:10.77.3.1'],
  ['host:2001:db8::1', 'host:fd77:c0de:1ab:3::1'],
  ['2001:DB8:0:0:0::00a', 'fd77:c0de:1ab:3::a'],
  ['2001:db8:0:0:1::/80', 'fd77:c0de:1ab:3:1::/80'],
  ['2001:db8::', 'fd77:c0de:1ab:3::'],
  ['2001:db8::1 - 2001:db8::f', 'fd77:c0de:1ab:3::1 - fd77:c0de:1ab:3::f'],
  ['2001:db8::1%host0', 'fd77:c0de:1ab:3::1%host0'],
  ['::ffff:192.0.2.11', '::ffff:10.77.3.11'],
  ['::ffff:c000:20b', '::ffff:a4d:30b'],
])('%s becomes %s', (text, mapped) => {
  expect(mapText(text, pairs)).toBe(mapped);
});

test.each([
  '198.51.100.1',
  '192.0.3.11',
  '192.0.0.0/16',
  '192.0.2.0/23',
  '0.0.0.0/0',
  '192.0.2.200 - 192.0.3.10',
  '192.0.2.256',
  '1192.0.2.11',
  '192.0.2.11.in-addr.arpa',
  '192.0.2',
  '192.0.2.011',
  'x192.0.2.11',
  '2001:db8:0:1::1',
  '2001:db8::/32',
  '::/0',
  '52:54:00:12:34:56',
  '12:30:00',
  'docker.io/coredns/coredns:1.15.0',
  'example.com',
  '',
])('%s stays as it is', (text) => {
  expect(mapText(text, pairs)).toBe(text);
});

const ipv4 = fc
  .tuple(fc.constantFrom('192.0.2', '192.0.3', '198.51.100', '10.0.0'), fc.nat(255))
  .map(([net, host]) => `${net}.${host}`);
const ipv6 = fc
  .tuple(
    fc.constantFrom('2001:db8:0:0', '2001:db8:0:1', 'fd00:0:0:0'),
    fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 }),
  )
  .map(([net, host]) => ipaddr.parse(`${net}:${host.map((part) => part.toString(16)).join(':')}`).toString());
const glue = fc.constantFrom(' ', ', ', ' - ', '; forward . ', ' # ', '\n', ' and ');
const texts = fc
  .array(
    fc.tuple(
      fc.oneof(
        ipv4,
        ipv6.map((address) => `[${address}]:53`),
        ipv6,
        ipv4.map((address) => `${address}:53`),
      ),
      glue,
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.flat().join(''));

test('the inverse map brings every text back', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(mapText(mapText(text, pairs), back)).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test('an address is moved if and only if it lies in a network, and keeps its host part', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), (address) => {
      const parsed = ipaddr.parse(address);
      const inside = (network: string): boolean => {
        const [base, bits] = ipaddr.parseCIDR(network);
        return base.kind() === parsed.kind() && parsed.match([base, bits] as never);
      };
      const network = NETWORKS.find(({ inventory }) => inside(inventory));
      const mapped = mapAddress(address, NETWORKS);
      expect(mapText(address, pairs)).toBe(mapped ?? address);
      if (network === undefined) {
        expect(mapped).toBeUndefined();
        return;
      }
      const hostBytes = parsed.kind() === 'ipv4' ? 1 : 8;
      const [bytes, netBytes] = [
        ipaddr.parse(mapped ?? '').toByteArray(),
        ipaddr.parseCIDR(network.lab)[0].toByteArray(),
      ];
      expect(bytes.slice(-hostBytes)).toEqual(parsed.toByteArray().slice(-hostBytes));
      expect(bytes.slice(0, -hostBytes)).toEqual(netBytes.slice(0, -hostBytes));
    }),
    { numRuns: 500 },
  );
});

test('any spelling of an IPv6 address is the same address', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      (host, upper, padded) => {
        const groups = [0x2001, 0xdb8, 0, 0, ...host].map((group) => group.toString(16).padStart(padded ? 4 : 1, '0'));
        const spelled = upper ? groups.join(':').toUpperCase() : groups.join(':');
        expect(mapText(spelled, pairs)).toBe(mapText(ipaddr.parse(spelled).toString(), pairs));
      },
    ),
  );
});

test('of nested networks the most specific one counts', () => {
  const nested = [{ inventory: '192.0.0.0/16', lab: '10.1.0.0/16' }, ...NETWORKS];
  expect([mapAddress('192.0.2.1', nested), mapAddress('192.0.9.1', nested)]).toEqual(['10.77.3.1', '10.1.9.1']);
});

test('networks of different size cannot stand for each other', () => {
  expect(() => mapAddress('192.0.2.1', [{ inventory: '192.0.2.0/24', lab: '10.0.0.0/25' }])).toThrow(TypeError);
});

const HOSTS =
  'all:\n  hosts:\n    ns1: {address: 192.0.2.11/24, ansible_port: 2222}\n    ns2: {address: 192.0.2.12}\n    six: {address: "2001:db8::6"}\n    named: {ansible_host: gw.example}\n';
const VARS = `dhcp:
  subnet: 192.0.2.0/24
  pool: 192.0.2.100 - 192.0.2.150
  router: 198.51.100.1
  reservations:
    192.0.2.50: 52:54:00:12:34:56
count: 3
peers: [192.0.2.11, {url: "http://192.0.2.12:8001/"}]
`;
const connection = (address: string) => ({
  address,
  port: 22,
  user: 'core',
  identityFile: '/lab/id',
  knownHostsFile: '/lab/known_hosts',
});
const CONNECTIONS = new Map(
  [
    ['ns1', '10.77.3.11'],
    ['ns2', '10.77.3.12'],
    ['six', 'fd77:c0de:1ab:3::6'],
    ['named', '10.77.9.9'],
  ].map(([name = '', address = '']) => [name, connection(address)]),
);

test('the networks of an inventory are those of its hosts', () => {
  expect(labNetworks(loadTree(HOSTS))).toEqual(['192.0.2.0/24', '2001:db8::/64']);
});

test('in the lab hosts are where the lab has them, and vars speak of its networks, keys too', () => {
  const inventory = loadTree(HOSTS, { 'group_vars/all.yaml': VARS });
  const lab = mapInventory(inventory, NETWORKS, CONNECTIONS);
  const ns1 = lab.hosts.get('ns1');
  expect([ns1?.address, ns1?.prefix, ns1?.ssh]).toEqual(['10.77.3.11', 24, connection('10.77.3.11')]);
  expect(ns1?.vars['address']).toBe('10.77.3.11/24');
  expect(ns1?.vars['dhcp']).toEqual({
    subnet: '10.77.3.0/24',
    pool: '10.77.3.100 - 10.77.3.150',
    router: '198.51.100.1',
    reservations: { '10.77.3.50': '52:54:00:12:34:56' },
  });
  expect(lab.groups.get('all')?.vars['peers']).toEqual(['10.77.3.11', { url: 'http://10.77.3.12:8001/' }]);
  expect([...lab.hosts.keys()]).toEqual([...inventory.hosts.keys()]);
  expect(inventory.hosts.get('ns1')?.address).toBe('192.0.2.11');
});

test('values of the lab know where they were written', () => {
  const lab = mapInventory(loadTree(HOSTS, { 'group_vars/all.yaml': VARS }), NETWORKS, CONNECTIONS);
  const origin = (...path: (string | number)[]) => lab.hosts.get('ns1')?.origin(...path)?.line;
  expect([
    origin('dhcp', 'pool'),
    origin('dhcp', 'reservations', '10.77.3.50'),
    origin('peers', 1),
    origin('address'),
  ]).toEqual([3, 6, 8, 3]);
});

test('a host that the lab does not have is an error that says how to get it', () => {
  const error = catching(LabError, () => mapInventory(loadTree(HOSTS), NETWORKS, new Map()));
  expect([error.message, error.host, error.remedy]).toEqual([
    'the lab has no host ns1',
    'ns1',
    expect.stringContaining('run lab up'),
  ]);
});
