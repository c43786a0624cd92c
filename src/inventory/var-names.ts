/** Finds misspelt vars: free vars are allowed, but not those that look like a slip of a var that means something. Pure. */
import { didYouMean, editDistance, isSeries } from '../schema/nearest.ts';
import type { Problem } from '../schema/problems.ts';
import { InventoryError } from './errors.ts';
import { BUILTIN_VARS } from './inventory.schema.ts';
import type { Inventory } from './model.ts';

const EDITS_MAX = 2;
const LENGTH_MIN = 5;

/** Throws InventoryError that lists every near miss. `knownNames`: the vars of all roles (`roleVarNames`); the tool's own are known anyway. */
export function checkVarNames(inventory: Inventory, knownNames: Iterable<string>): void {
  const known = new Set([...BUILTIN_VARS, ...knownNames]);
  const problems: Problem[] = [];
  for (const [name, where] of inventory.varNames) {
    if (known.has(name) || name.length < LENGTH_MIN) continue;
    const meant = [...known].find((other) => isSlip(name, other));
    if (meant !== undefined)
      problems.push({
        message: `unknown var "${name}"`,
        where,
        remedy: `${didYouMean(meant)} If it is a var of your own, give it a name that differs more.`,
      });
  }
  if (problems.length > 0) throw new InventoryError(problems);
}

function isSlip(name: string, known: string): boolean {
  if (Math.abs(name.length - known.length) > EDITS_MAX || isSeries(name, known)) return false;
  // `addresses` beside `address` is a plural, not a slip; Ansible's own vars have none.
  if (!name.startsWith('ansible_') && (name === `${known}s` || name === `${known}es`)) return false;
  return editDistance(name, known) <= EDITS_MAX;
}
