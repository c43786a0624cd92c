/** The inventory that a command is about: of the project, or of `-i`; with --lab as it holds in the lab. */
import type { Inventory } from '../inventory/model.ts';
import { inventoryPath, labNameOption, type Project } from './context.ts';

/** The options that name an inventory, as all commands have them. */
export interface InventoryFlags {
  readonly inventory?: string;
  readonly extraVars?: readonly string[];
  readonly lab?: true;
  readonly labName?: string;
}

/** Throws what is wrong with the inventory, the extra vars, or the lab; no host has been asked. */
export async function loadTargetInventory(flags: InventoryFlags, project: Project): Promise<Inventory> {
  const [{ loadInventory }, { parseExtraVars }] = await Promise.all([
    import('../inventory/load.ts'),
    import('./extra-vars.ts'),
  ]);
  const extraVars = await parseExtraVars(flags.extraVars ?? []);
  const inventory = loadInventory(inventoryPath(project, flags.inventory), { extraVars });
  return isLab(flags) ? inLab(inventory, flags, project) : inventory;
}

/** Naming a lab means it: nobody who writes --lab-name wants the real hosts. */
export function isLab(flags: Pick<InventoryFlags, 'lab' | 'labName'>): boolean {
  return flags.lab === true || flags.labName !== undefined;
}

async function inLab(inventory: Inventory, flags: InventoryFlags, project: Project): Promise<Inventory> {
  const [{ mapInventory }, { requireLab }, { defaultLabName }] = await Promise.all([
    import('../lab/address-map.ts'),
    import('../lab/find.ts'),
    import('../lab/paths.ts'),
  ]);
  const lab = requireLab(labNameOption(flags.labName) ?? defaultLabName(project.dir));
  return mapInventory(inventory, lab.networks, new Map(lab.hosts.map((host) => [host.name, host])));
}
