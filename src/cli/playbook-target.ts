/** What a run is about: the playbook, the hosts as the inventory (or the lab) has them, and the zones. */
import { join } from 'node:path';
import type { ZoneProblem } from '../dns/problems.ts';
import type { Zone } from '../dns/zone.ts';
import type { Inventory } from '../inventory/model.ts';
import type { Playbook } from '../playbook/define.ts';
import type { PlaybookFile } from '../playbook/find.ts';
import { type Project, userCacheDir } from './context.ts';
import type { PlaybookFlags } from './playbook-options.ts';
import { loadTargetInventory } from './target-inventory.ts';

export interface Target {
  readonly playbook: Playbook;
  readonly inventory: Inventory;
  /** Throws what is wrong with the zone files when a role asks for them. */
  readonly zones: () => readonly Zone[];
}

/** Everything that can be wrong before a host is asked throws here, or in the engine before its first event. */
export async function loadTarget(
  file: PlaybookFile,
  flags: PlaybookFlags,
  project: Project,
  onDoubts?: (problems: readonly ZoneProblem[]) => void,
): Promise<Target> {
  const { loadPlaybook } = await import('../playbook/load.ts');
  const playbook = await loadPlaybook(file, { projectDir: project.dir, userCacheDir: userCacheDir() });
  const inventory = await loadTargetInventory(flags, project);
  await refuseMisspeltVars(playbook, inventory);
  return { playbook, inventory, zones: await zonesOf(inventory, onDoubts) };
}

/** A var that nearly is one of the playbook's roles is a slip; others may be anything. */
async function refuseMisspeltVars(playbook: Playbook, inventory: Inventory): Promise<void> {
  const [{ checkVarNames }, { roleVarNames }] = await Promise.all([
    import('../inventory/var-names.ts'),
    import('../inventory/role-vars.ts'),
  ]);
  checkVarNames(
    inventory,
    playbook.plays.flatMap(({ roles }) => roles.flatMap(({ role }) => roleVarNames(role))),
  );
}

/** Parsed at once; what is wrong with them is thrown when they are asked for. `onDoubts` hears once what loads and was probably not meant. */
export async function zonesOf(
  inventory: Inventory,
  onDoubts: (problems: readonly ZoneProblem[]) => void = () => undefined,
): Promise<() => readonly Zone[]> {
  const { loadZones } = await import('../dns/load.ts');
  const loaded = await loadZones(join(inventory.dir, 'zones')).catch((error: unknown) => ({ error }));
  let isTold = false;
  return () => {
    if ('error' in loaded) throw loaded.error;
    if (!isTold && loaded.warnings.length > 0) onDoubts(loaded.warnings);
    isTold = true;
    return loaded.zones;
  };
}
