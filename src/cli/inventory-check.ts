/** `run inventory check`: everything that can be known to be wrong without asking a host. */
import { join } from 'node:path';
import { formatLocation } from '../errors.ts';
import { InventoryError } from '../inventory/errors.ts';
import type { Inventory } from '../inventory/model.ts';
import type { Playbook } from '../playbook/define.ts';
import { InvalidValueError } from '../schema/errors.ts';
import type { Problem } from '../schema/problems.ts';
import { type Project, userCacheDir } from './context.ts';

export interface CheckedInventory {
  readonly hosts: number;
  readonly groups: number;
  readonly vars: number;
  readonly playbooks: number;
  readonly zones: number;
  /** Of zone files: they load, but probably not as they were meant. */
  readonly warnings: readonly string[];
}

/** Checks the vars of all roles of all playbooks on their hosts, and the zones. Throws all that is wrong with vars in one error. */
export async function checkInventory(inventory: Inventory, project: Project): Promise<CheckedInventory> {
  const playbooks = await loadPlaybooks(project);
  await checkVars(inventory, playbooks);
  const { loadZones } = await import('../dns/load.ts');
  const { zones, warnings } = await loadZones(join(inventory.dir, 'zones'));
  return {
    hosts: inventory.hosts.size,
    groups: [...inventory.groups.values()].filter(({ hosts }) => hosts.length > 0).length,
    vars: inventory.varNames.size,
    playbooks: playbooks.length,
    zones: zones.length,
    warnings: warnings.map(({ where, message, remedy }) => `! ${formatLocation(where)}: ${message}. ${remedy}`),
  };
}

/** The answer in one line, then what is doubtful. */
export function checkText(checked: CheckedInventory): readonly string[] {
  const counts = [
    count(checked.hosts, 'host'),
    count(checked.groups, 'group'),
    count(checked.vars, 'var'),
    count(checked.zones, 'zone'),
  ];
  return [
    `The inventory is in order: ${counts.join(', ')}; checked for ${count(checked.playbooks, 'playbook')}.`,
    ...checked.warnings,
  ];
}

async function loadPlaybooks(project: Project): Promise<readonly Playbook[]> {
  const { listPlayPlaybooks } = await import('../playbook/find.ts');
  const { loadPlaybook } = await import('../playbook/load.ts');
  return Promise.all(
    listPlayPlaybooks(project.dir).map((file) =>
      loadPlaybook(file, { projectDir: project.dir, userCacheDir: userCacheDir() }),
    ),
  );
}

async function checkVars(inventory: Inventory, playbooks: readonly Playbook[]): Promise<void> {
  const { roleVarNames, roleVars } = await import('../inventory/role-vars.ts');
  const { checkVarNames } = await import('../inventory/var-names.ts');
  const { selectHosts } = await import('../inventory/pattern.ts');
  const plays = playbooks.flatMap((playbook) => playbook.plays);
  const roles = plays.flatMap((play) => play.roles.map(({ role }) => role));
  const otherRoles = roles.map(({ name }) => name);
  const problems = new Map<string, Problem>();
  const collect = (action: () => unknown): void => {
    try {
      action();
    } catch (error) {
      if (!(error instanceof InvalidValueError || error instanceof InventoryError)) throw error;
      // A wrong group var is wrong on each of its hosts, and told once; and of one place the first thing said is enough.
      for (const problem of error.problems) {
        const key = JSON.stringify(problem.where ?? problem.message);
        if (!problems.has(key)) problems.set(key, problem);
      }
    }
  };
  for (const play of plays) {
    for (const host of selectHosts(inventory, play.hosts, { allowEmpty: true })) {
      for (const { role, vars } of play.roles) collect(() => roleVars(role, host, vars, { otherRoles }));
    }
  }
  collect(() => checkVarNames(inventory, roles.flatMap(roleVarNames)));
  const { notificationsOf } = await import('../notify/notify.schema.ts');
  collect(() => notificationsOf(inventory));
  if (problems.size > 0) throw new InventoryError([...problems.values()]);
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
