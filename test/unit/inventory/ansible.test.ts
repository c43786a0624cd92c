/** What Ansible made of generated inventories is what we make of them: ansible-core 2.19.14 (InventoryManager, VariableManager), one case a line. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadInventory } from '../../../src/inventory/load.ts';
import type { Vars } from '../../../src/inventory/model.ts';
import { selectHosts } from '../../../src/inventory/pattern.ts';
import { writeTree } from './tree.ts';

interface AnsibleCase {
  readonly files: Readonly<Record<string, string>>;
  readonly extraVars: Vars;
  readonly hosts: Readonly<Record<string, { readonly vars: Vars; readonly groups: readonly string[] }>>;
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly patterns: Readonly<Record<string, readonly string[]>>;
}

const cases = readFileSync(new URL('ansible-cases.ndjson', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as AnsibleCase);

test.each(cases.map((one, i) => [i, one] as const))(
  'inventory %i has the hosts, groups, vars and selections that Ansible gives',
  (_i, one) => {
    const inventory = loadInventory(writeTree(one.files), { extraVars: one.extraVars });
    for (const [name, expected] of Object.entries(one.hosts)) {
      const host = inventory.hosts.get(name);
      expect({ name, vars: plain(host?.vars), groups: host?.groups }).toEqual({ name, ...expected });
    }
    expect([...inventory.hosts.keys()].sort()).toEqual(Object.keys(one.hosts).sort());
    for (const [name, hosts] of Object.entries(one.groups))
      expect([name, sorted(inventory.groups.get(name)?.hosts)]).toEqual([name, sorted(hosts)]);
    for (const [pattern, hosts] of Object.entries(one.patterns))
      expect([pattern, sorted(selectHosts(inventory, pattern).map(({ name }) => name))]).toEqual([
        pattern,
        sorted(hosts),
      ]);
  },
);

function sorted(names: readonly string[] | undefined): readonly string[] | undefined {
  return names === undefined ? undefined : [...names].sort();
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
