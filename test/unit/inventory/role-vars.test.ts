import { Type } from '@sinclair/typebox';
import { expect, test } from 'vitest';
import { InventoryError } from '../../../src/inventory/errors.ts';
import type { Host, Vars } from '../../../src/inventory/model.ts';
import { roleVarNames, roleVars } from '../../../src/inventory/role-vars.ts';
import { checkVarNames } from '../../../src/inventory/var-names.ts';
import { InvalidValueError } from '../../../src/schema/errors.ts';
import { catching, loadTree } from './tree.ts';

const role = {
  name: 'coredns',
  vars: Type.Object({
    image: Type.String(),
    forwarders: Type.Array(Type.String(), { default: ['9.9.9.9'] }),
    cache: Type.Object({ ttl: Type.Integer({ default: 30 }) }, { default: {} }),
  }),
};

function hostWith(vars: string, extraVars: Vars = {}): Host {
  const host = loadTree('all:\n  hosts:\n    ns1:\n', { 'group_vars/all.yaml': vars }, extraVars).hosts.get('ns1');
  if (host === undefined) throw new Error('no host');
  return host;
}

test('a role gets the vars with its prefix, without it, and the defaults of its schema', () => {
  expect(roleVars(role, hostWith('coredns_image: a:1\nother: 1\n'))).toEqual({
    image: 'a:1',
    forwarders: ['9.9.9.9'],
    cache: { ttl: 30 },
  });
});

test('the playbook wins over the inventory, and what it leaves undefined does not', () => {
  const host = hostWith('coredns_image: a:1\ncoredns_cache: {ttl: 5}\n');
  expect(roleVars(role, host, { image: 'b:2', cache: undefined } as unknown as Vars)).toMatchObject({
    image: 'b:2',
    cache: { ttl: 5 },
  });
});

test('a misspelt var of the role is refused with the nearest name, file and line', () => {
  const error = catching(InvalidValueError, () =>
    roleVars(role, hostWith('coredns_image: a:1\n\ncoredns_forwadrers: []\n')),
  );
  expect([error.message, error.remedy]).toEqual([
    'role coredns does not know "coredns_forwadrers"',
    'Did you mean "coredns_forwarders"?',
  ]);
  expect([error.host, error.where?.file.endsWith('/group_vars/all.yaml'), error.where?.line]).toEqual(['ns1', true, 3]);
});

test('a wrong type deep inside a var is told with its path and line', () => {
  const error = catching(InvalidValueError, () =>
    roleVars(role, hostWith('coredns_image: a:1\ncoredns_forwarders:\n  - 9.9.9.9\n  - 53\n')),
  );
  expect([error.message, error.where?.line, error.detail]).toEqual([
    'coredns_forwarders[1]: expected text, got the number 53',
    4,
    ['  4    - 53'],
  ]);
});

test('a missing var is told at the host, by its full name', () => {
  const error = catching(InvalidValueError, () => roleVars(role, hostWith('a: 1\n')));
  expect([error.message, error.remedy, error.where?.line]).toEqual([
    'role coredns: "coredns_image" is missing',
    'Add it: text.',
    3,
  ]);
});

test('wrong vars of the playbook and of -e are told as such', () => {
  const error = catching(InvalidValueError, () =>
    roleVars(role, hostWith('', { coredns_image: 5 }), { forwarder: [] }),
  );
  expect(error.problems.map(({ message, remedy, where }) => [message, remedy, where])).toEqual([
    ['role coredns does not know "forwarder (given by the playbook)"', 'Did you mean "coredns_forwarders"?', undefined],
    ['coredns_image (given by -e): expected text, got the number 5', expect.any(String), undefined],
  ]);
});

test('vars of a role with a longer name are not those of this role', () => {
  const host = hostWith('coredns_image: a:1\ncoredns_exporter_port: 9\n');
  expect(roleVars(role, host, {}, { otherRoles: ['coredns', 'coredns-exporter'] })).toMatchObject({ image: 'a:1' });
  expect(() => roleVars(role, host)).toThrow(InvalidValueError);
});

test('free vars are allowed, but not slips of vars that mean something', () => {
  const inventory = loadTree(
    'all:\n  vars:\n    ansibel_user: admin\n    interfaces: [a]\n    coredns_image2: x\n    coredns_forwadrers: []\n    my_own: 1\n    adress: x\n    addr: y\n',
  );
  const error = catching(InventoryError, () => checkVarNames(inventory, roleVarNames(role)));
  expect(error.problems.map(({ message, remedy, where }) => [message, remedy.split('?')[0], where?.line])).toEqual([
    ['unknown var "ansibel_user"', 'Did you mean "ansible_user"', 3],
    ['unknown var "coredns_image2"', 'Did you mean "coredns_image"', 5],
    ['unknown var "coredns_forwadrers"', 'Did you mean "coredns_forwarders"', 6],
    ['unknown var "adress"', 'Did you mean "address"', 8],
  ]);
  expect(() =>
    checkVarNames(
      loadTree('all:\n  vars: {interface: a, coredns_image: x, ansible_become: true}\n'),
      roleVarNames(role),
    ),
  ).not.toThrow();
});
