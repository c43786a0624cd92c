/** What `run inventory` prints. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkInventory, checkText } from '../../../src/cli/inventory-check.ts';
import { graphText, listJson, listText, showJson, showText } from '../../../src/cli/inventory-text.ts';
import { InventoryError } from '../../../src/inventory/errors.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { loadTree, writeTree } from './tree.ts';

const HOSTS = `all:
  hosts:
    spare:
  children:
    dns:
      children:
        dc1: {hosts: {ns1: {address: 192.0.2.11/24}}}
      hosts: {"six": {address: "2001:db8::6", ansible_port: 2222}}
    empty:
`;
const VARS =
  'z_list: [1, "two"]\na_text: "two\\nlines \\e[31mred"\ndns_tsig_secret: hunter2\nnested: {password: hunter2, user: me}\nnothing:\n';

function inventory() {
  return loadTree(HOSTS, { 'group_vars/dc1.yaml': VARS }, { extra: true });
}

test('list aligns hosts, addresses, logins and groups', () => {
  expect(listText([...inventory().hosts.values()])).toEqual([
    'HOST   ADDRESS         SSH                      GROUPS',
    'spare  spare/24        core@spare               ungrouped',
    'six    2001:db8::6/64  core@[2001:db8::6]:2222  dns',
    'ns1    192.0.2.11/24   core@192.0.2.11          dns, dc1',
  ]);
});

test('list as JSON names what a script needs', () => {
  expect(listJson([...inventory().hosts.values()].slice(2))).toEqual({
    hosts: [
      {
        name: 'ns1',
        address: '192.0.2.11',
        prefix: 24,
        ssh: { address: '192.0.2.11', port: 22, user: 'core', defaulted: ['port', 'user'] },
        groups: ['all', 'dns', 'dc1'],
      },
    ],
  });
});

test('graph draws groups as ansible-inventory does, each host below the group that has it', () => {
  expect(graphText(inventory())).toEqual([
    '@all:',
    '  |--@ungrouped:',
    '  |  |--spare',
    '  |--@dns:',
    '  |  |--@dc1:',
    '  |  |  |--ns1',
    '  |  |--six',
    '  |--@empty:',
  ]);
  expect(graphText(inventory(), 'dns')).toEqual(['@dns:', '  |--@dc1:', '  |  |--ns1', '  |--six']);
});

test('show gives every merged var with its place, masks secrets, and lets no value play with the terminal', () => {
  const loaded = inventory();
  const lines =
    loaded.hosts.get('ns1') === undefined
      ? []
      : [...loaded.hosts.values()].filter(({ name }) => name === 'ns1').flatMap(showText);
  expect(lines.map((line) => line.replaceAll(`${loaded.dir}/`, '').replace(/\s{2,}/g, '  '))).toEqual([
    'ns1  192.0.2.11/24',
    '  ssh  core@192.0.2.11',
    '  groups  all, dns, dc1',
    '',
    '  a_text  two⏎lines red  group_vars/dc1.yaml:2',
    '  address  192.0.2.11/24  hosts.yaml:7',
    '  dns_tsig_secret  ********  group_vars/dc1.yaml:3',
    '  extra  true  -e',
    '  nested  {"password":"********","user":"me"}  group_vars/dc1.yaml:4',
    '  nothing  null  group_vars/dc1.yaml:5',
    '  z_list  [1,"two"]  group_vars/dc1.yaml:1',
  ]);
});

test('show as JSON has the same, with null for what -e gave', () => {
  const ns1 = inventory().hosts.get('ns1');
  const shown = ns1 === undefined ? undefined : (showJson(ns1) as { vars: Record<string, unknown> });
  expect(shown?.vars['extra']).toEqual({ value: true, from: null });
  expect(shown?.vars['z_list']).toEqual({
    value: [1, 'two'],
    from: { file: expect.stringMatching(/group_vars\/dc1\.yaml$/), line: 1, column: 1 },
  });
  expect(JSON.stringify(shown)).not.toContain('hunter2');
});

const PLAYBOOK = `import { definePlaybook, defineRole, Type } from 'coreos-infra';
const role = defineRole({ name: 'web', description: 'x', vars: Type.Object({ port: Type.Integer({ default: 80 }) }), resources: () => [] });
export default definePlaybook({ name: 'web', hosts: 'dns', roles: [role] });
`;

function project(vars: string) {
  const dir = writeTree({
    'inventory/hosts.yaml': HOSTS,
    'inventory/group_vars/dns.yaml': vars,
    'playbooks/web.ts': PLAYBOOK,
  });
  mkdirSync(join(dir, 'node_modules'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  return dir;
}

test('check says in one line what is in order', async () => {
  const dir = project('web_port: 8080\n');
  const checked = await checkInventory(loadInventory(join(dir, 'inventory')), { dir });
  expect(checkText(checked)).toEqual([
    'The inventory is in order: 3 hosts, 4 groups, 3 vars, 0 zones; checked for 1 playbook.',
  ]);
});

test('check finds wrong vars of roles, once for all hosts, and misspelt ones', async () => {
  const dir = project('web_port: "8080"\nweb_prot: 1\nansibel_user: x\n');
  const error = await checkInventory(loadInventory(join(dir, 'inventory')), { dir }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InventoryError);
  expect(
    (error as InventoryError).problems.map(({ message, remedy, where }) => [
      message,
      remedy.split('?')[0],
      where?.line,
    ]),
  ).toEqual([
    ['web_port: expected a whole number, got the text "8080"', 'Write it without quotes: 8080', 1],
    ['role web does not know "web_prot"', 'Did you mean "web_port"', 2],
    ['unknown var "ansibel_user"', 'Did you mean "ansible_user"', 3],
  ]);
});
