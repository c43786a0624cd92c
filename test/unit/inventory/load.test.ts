import { homedir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { InventoryMissingError } from '../../../src/inventory/errors.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import type { Host, Inventory } from '../../../src/inventory/model.ts';
import { catching, loadTree, writeTree } from './tree.ts';

const OWN = fileURLToPath(new URL('../../../inventory', import.meta.url));

function host(inventory: Inventory, name: string): Host {
  const found = inventory.hosts.get(name);
  if (found === undefined) throw new Error(`no host ${name}`);
  return found;
}

test('the inventory of the repository is a pair in the groups dns, ntp and dhcp', () => {
  const inventory = loadInventory(OWN);
  expect([...inventory.hosts.keys()]).toEqual(['ns1', 'ns2']);
  for (const name of ['dns', 'ntp', 'dhcp']) expect(inventory.groups.get(name)?.hosts).toEqual(['ns1', 'ns2']);
  expect([host(inventory, 'ns1').address, host(inventory, 'ns1').prefix]).toEqual(['192.0.2.11', 24]);
  expect(host(inventory, 'ns2').ssh).toEqual({
    address: '192.0.2.12',
    port: 22,
    user: 'core',
    defaulted: ['port', 'user'],
  });
  expect(host(inventory, 'ns1').vars['interface']).toBe('host0');
  expect(inventory.groups.get('dns')?.vars['redundancy']).toEqual({ minHealthy: 1 });
});

test('the inventory of the repository loads in at most 15 ms once the program is warm', () => {
  for (let i = 0; i < 5; i++) loadInventory(OWN);
  const times = Array.from({ length: 9 }, () => {
    const begin = performance.now();
    loadInventory(OWN);
    return performance.now() - begin;
  });
  expect(Math.min(...times)).toBeLessThan(15);
});

test('vars win in the order of Ansible: all, parent, child, their files, host, its file, extra vars', () => {
  const hosts =
    'all:\n  vars: {v: all}\n  hosts:\n    ns1: {v: host}\n  children:\n    parent:\n      vars: {v: parent}\n      children:\n        child:\n          vars: {v: child}\n          hosts: {ns1: , ns2: }\n';
  const files = {
    'group_vars/all.yaml': 'v: file of all\n',
    'group_vars/parent.yaml': 'v: file of parent\n',
    'group_vars/child.yaml': 'v: file of child\n',
    'host_vars/ns1.yaml': 'v: file of host\n',
  };
  const drop = ['host_vars/ns1.yaml', 'group_vars/child.yaml', 'group_vars/parent.yaml', 'group_vars/all.yaml'];
  const winners = drop.map((_, i) => {
    const kept = Object.fromEntries(Object.entries(files).filter(([path]) => !drop.slice(0, i).includes(path)));
    const inventory = loadTree(hosts, kept);
    return ['ns1', 'ns2'].map((name) => host(inventory, name).vars['v']);
  });
  expect(winners).toEqual([
    ['file of host', 'file of child'],
    ['host', 'file of child'],
    ['host', 'file of parent'],
    ['host', 'file of all'],
  ]);
  const bare = loadTree(hosts);
  expect(['ns1', 'ns2'].map((name) => host(bare, name).vars['v'])).toEqual(['host', 'child']);
  expect(host(loadTree(hosts, files, { v: 'extra' }), 'ns1').vars['v']).toBe('extra');
});

test('maps are replaced and not merged, as Ansible does by default', () => {
  const inventory = loadTree('all:\n  vars: {m: {a: 1, b: 2}}\n  hosts:\n    ns1: {m: {a: 3}}\n');
  expect(host(inventory, 'ns1').vars['m']).toEqual({ a: 3 });
});

test('of two groups at one depth the later name wins, unless a priority says otherwise', () => {
  const groups = (priority: string) =>
    `all:\n  children:\n    a: {hosts: {ns1: }, vars: {v: a${priority}}}\n    b: {hosts: {ns1: }, vars: {v: b}}\n`;
  expect(host(loadTree(groups('')), 'ns1').vars['v']).toBe('b');
  const inventory = loadTree(groups(', ansible_group_priority: 10'));
  expect(host(inventory, 'ns1').vars).toEqual({ v: 'a' });
  expect(host(inventory, 'ns1').groups).toEqual(['all', 'b', 'a']);
});

test('files in a folder of group_vars are merged in the order of their names; hidden files and backups are not read', () => {
  const inventory = loadTree('all:\n  hosts:\n    ns1:\n', {
    'group_vars/all/10.yaml': 'v: 10\nw: 10\n',
    'group_vars/all/20.yml': 'v: 20\n',
    'group_vars/all/.hidden.yaml': 'v: hidden\n',
    'group_vars/all/30.yaml~': 'v: backup\n',
    'group_vars/all/README.md': 'not yaml: at: all\n',
  });
  expect(host(inventory, 'ns1').vars).toEqual({ v: 20, w: 10 });
});

test('a single file takes the group_vars beside it, which may serve other inventories too', () => {
  const dir = writeTree({
    'staging.yaml': 'all: {hosts: {ns1: }, children: {dns: {hosts: {ns1: }}}}\n',
    'group_vars/dns.yaml': 'v: 1\n',
    'group_vars/production.yaml': 'v: 2\n',
  });
  const inventory = loadInventory(join(dir, 'staging.yaml'));
  expect([inventory.dir, host(inventory, 'ns1').vars]).toEqual([dir, { v: 1 }]);
});

test('ranges, ports in names and addresses as names are read as Ansible reads them', () => {
  const inventory = loadTree(
    'all:\n  hosts:\n    ns[01:05:2]:\n    rack[a:b]-[1:2]:\n    gw:2222:\n    2001:db8::1:\n    "[2001:db8::2]:2222":\n    192.0.2.[7:8]:\n',
  );
  expect([...inventory.hosts.keys()]).toEqual([
    'ns01',
    'ns03',
    'ns05',
    'racka-1',
    'racka-2',
    'rackb-1',
    'rackb-2',
    'gw',
    '2001:db8::1',
    '2001:db8::2',
    '192.0.2.7',
    '192.0.2.8',
  ]);
  expect(host(inventory, 'gw').ssh.port).toBe(2222);
  expect(host(inventory, '2001:db8::2').ssh).toEqual({
    address: '2001:db8::2',
    port: 2222,
    user: 'core',
    defaulted: ['user'],
  });
  expect(host(inventory, '2001:db8::1').prefix).toBe(64);
});

test('a host is reached at ansible_host, else at its address, else by its name', () => {
  const inventory = loadTree(
    'all:\n  hosts:\n    a: {address: 192.0.2.1/25, ansible_host: a.example, ansible_port: 2222, ansible_user: admin}\n    b: {address: "2001:db8::2"}\n    c:\n',
  );
  expect(host(inventory, 'a')).toMatchObject({
    address: '192.0.2.1',
    prefix: 25,
    ssh: { address: 'a.example', port: 2222, user: 'admin' },
  });
  expect(host(inventory, 'b')).toMatchObject({ address: '2001:db8::2', prefix: 64, ssh: { address: '2001:db8::2' } });
  expect(host(inventory, 'c')).toMatchObject({
    address: 'c',
    prefix: 24,
    ssh: { address: 'c', port: 22, user: 'core' },
  });
});

test('key files begin at the home or at the inventory folder', () => {
  const inventory = loadTree(
    'all:\n  hosts:\n    a: {ansible_ssh_private_key_file: ~/.ssh/k}\n    b: {ansible_ssh_private_key_file: keys/k}\n    c: {ansible_ssh_private_key_file: /k}\n',
  );
  expect(['a', 'b', 'c'].map((name) => host(inventory, name).ssh.identityFile)).toEqual([
    join(homedir(), '.ssh/k'),
    join(inventory.dir, 'keys/k'),
    '/k',
  ]);
});

test('every value knows where it was written, down to the entries of lists and maps', () => {
  const inventory = loadTree(
    'all:\n  hosts:\n    ns1: {a: 1}\n',
    { 'group_vars/all.yaml': '# forwarders\nfw:\n  - 9.9.9.9\n  - addr: 1.1.1.1\n    port: 53\n' },
    { x: 1 },
  );
  const ns1 = host(inventory, 'ns1');
  const place = (...path: (string | number)[]): readonly unknown[] => {
    const where = ns1.origin(...path);
    return [where?.file.slice(inventory.dir.length + 1), where?.line, where?.column];
  };
  expect(place('a')).toEqual(['hosts.yaml', 3, 11]);
  expect(place('fw')).toEqual(['group_vars/all.yaml', 2, 1]);
  expect(place('fw', 0)).toEqual(['group_vars/all.yaml', 3, 5]);
  expect(place('fw', 1, 'port')).toEqual(['group_vars/all.yaml', 5, 5]);
  expect(place('fw', 1, 'nothing')).toEqual(['group_vars/all.yaml', 4, 5]);
  expect(place()).toEqual(['hosts.yaml', 3, 5]);
  expect(ns1.origin('x')).toBeUndefined();
  expect(ns1.origin('unknown')).toBeUndefined();
  expect(inventory.varNames.get('fw')?.line).toBe(2);
});

test('anchors and merge keys work as in Ansible', () => {
  const inventory = loadTree(
    'all:\n  hosts:\n    ns1: &common {a: 1, b: 2}\n    ns2:\n      <<: *common\n      b: 3\n',
  );
  expect(host(inventory, 'ns2').vars).toEqual({ a: 1, b: 3 });
});

test('yes and no are read as Ansible reads them; what YAML 1.1 would take for a number in base 60 stays text', () => {
  const inventory = loadTree(
    '%YAML 1.1\n---\nall:\n  vars: {on_call: yes, off_call: No, quoted: "yes", mac: 52:54:00:12:34:56, at: 12:30, day: 2026-11-20, version: 1.10.0}\n  hosts: ns1\n',
  );
  expect(host(inventory, 'ns1').vars).toEqual({
    on_call: true,
    off_call: false,
    quoted: 'yes',
    mac: '52:54:00:12:34:56',
    at: '12:30',
    day: '2026-11-20',
    version: '1.10.0',
  });
});

test('hosts of no other group are ungrouped; every group is below all', () => {
  const inventory = loadTree('all:\n  hosts: {a: , b: }\ndns:\n  hosts: {b: }\n');
  expect(inventory.groups.get('ungrouped')?.hosts).toEqual(['a']);
  expect(inventory.groups.get('all')?.children).toEqual(['ungrouped', 'dns']);
  expect(host(inventory, 'a').groups).toEqual(['all', 'ungrouped']);
  expect(host(inventory, 'b').groups).toEqual(['all', 'dns']);
});

test('keys of JavaScript objects are keys as any others', () => {
  const inventory = loadTree('all:\n  vars: {__proto__: {polluted: 1}, constructor: 2}\n  hosts: {ns1: }\n');
  expect(Object.keys(host(inventory, 'ns1').vars).sort()).toEqual(['__proto__', 'constructor']);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test.each([
  ['nothing there', {}, 'gone', 'there is no inventory at', 'run init'],
  ['no hosts.yaml', { 'x/group_vars/all.yaml': '' }, 'x', 'has no hosts.yaml', 'Write the hosts into hosts.yaml'],
  [
    'an INI file',
    { 'x/hosts': '[dns]\nns1\n' },
    'x',
    'has no hosts.yaml',
    'ansible-inventory -i hosts --list --yaml > hosts.yaml',
  ],
  [
    'both names',
    { 'x/hosts.yaml': '', 'x/hosts.yml': '' },
    'x',
    'has both hosts.yaml and hosts.yml',
    'Keep one of them.',
  ],
])('%s is an error that says what to do', (_title, files, path, message, remedy) => {
  const error = catching(InventoryMissingError, () => loadInventory(join(writeTree(files), path)));
  expect([error.message, error.remedy]).toEqual([expect.stringContaining(message), expect.stringContaining(remedy)]);
});
