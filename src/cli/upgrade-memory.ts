/** What upgrades remember between runs lies in the project's store; a lab's hosts are remembered apart from the site's. */
import { InfraError } from '../errors.ts';
import type { Store } from '../store/index.ts';
import { type Kept, UpgradeMemory } from '../upgrade/memory.ts';
import { labNameOption, type Project } from './context.ts';
import { type InventoryFlags, isLab } from './target-inventory.ts';

export interface OpenMemory {
  readonly memory: UpgradeMemory;
  /** The store cannot be used: the hosts themselves still remember. */
  readonly problem?: InfraError;
  close(): void;
}

export async function openMemory(flags: InventoryFlags, project: Project): Promise<OpenMemory> {
  const { openStore } = await import('../store/index.ts');
  let store: Store;
  try {
    store = await openStore(project.dir);
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return { memory: new UpgradeMemory(forThisRun()), problem: error, close: () => {} };
  }
  return { memory: new UpgradeMemory(store.kept(await scopeOf(flags, project))), close: () => store.close() };
}

async function scopeOf(flags: InventoryFlags, project: Project): Promise<string> {
  if (!isLab(flags)) return 'upgrade';
  const { defaultLabName } = await import('../lab/paths.ts');
  return `upgrade lab ${labNameOption(flags.labName) ?? defaultLabName(project.dir)}`;
}

function forThisRun(): Kept {
  const values = new Map<string, unknown>();
  return {
    get: (key) => values.get(key),
    set: (key, value) => void values.set(key, value),
    delete: (key) => values.delete(key),
    list: (prefix = '') =>
      [...values].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => ({ key, value })),
  };
}
