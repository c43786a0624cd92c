/** Writes inventories for tests into a folder of their own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { InventoryError } from '../../../src/inventory/errors.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import type { Inventory, Vars } from '../../../src/inventory/model.ts';

/** Files by their path in the folder; gone when the test is over. */
export function writeTree(files: Readonly<Record<string, string | Buffer>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'inventory-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  return dir;
}

/** An inventory of hosts.yaml and further files. */
export function loadTree(
  hosts: string,
  files: Readonly<Record<string, string | Buffer>> = {},
  extraVars: Vars = {},
): Inventory {
  return loadInventory(writeTree({ 'hosts.yaml': hosts, ...files }), { extraVars });
}

/** What is wrong with it: `file:line message → remedy`, the folder left out. */
export function problemsOf(hosts: string, files: Readonly<Record<string, string | Buffer>> = {}): readonly string[] {
  const dir = writeTree({ 'hosts.yaml': hosts, ...files });
  try {
    loadInventory(dir);
  } catch (error) {
    if (!(error instanceof InventoryError)) throw error;
    return error.problems.map(({ where, message, remedy }) =>
      `${where?.file.slice(dir.length + 1)}:${where?.line ?? ''} ${message} → ${remedy}`.replaceAll(`${dir}/`, ''),
    );
  }
  return [];
}

/** The error of this class that `action` throws. */
export function catching<E extends Error>(kind: abstract new (...args: never[]) => E, action: () => unknown): E {
  try {
    action();
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error(`no ${kind.name} was thrown`);
}
