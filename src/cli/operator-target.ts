/** What the operator's commands (status, generations, revert, unlock) work on: inventory, roles of all playbooks, and a context to talk with. */
import { hostname, userInfo } from 'node:os';
import { hostRoles } from '../engine/host-roles.ts';
import { type Deadlines, type RunContext, type RunOptions, resolveDeadlines } from '../engine/run-context.ts';
import type { Inventory } from '../inventory/model.ts';
import { commandName, type Project } from './context.ts';
import { zonesOf } from './playbook-target.ts';
import { loadProjectPlaybooks } from './project-playbooks.ts';
import { type InventoryFlags, loadTargetInventory } from './target-inventory.ts';

export interface OperatorTarget {
  readonly inventory: Inventory;
  readonly zones: RunContext['zones'];
  /** Of every host. */
  readonly roles: ReturnType<typeof hostRoles>['roles'];
  /** Playbooks, vars or zones that are wrong. */
  readonly problems: ReturnType<typeof hostRoles>['problems'];
}

/** Throws what is wrong with the inventory itself, or the lab; playbooks and zones that are wrong become problems. */
export async function loadOperatorTarget(flags: InventoryFlags, project: Project): Promise<OperatorTarget> {
  const [inventory, { playbooks, problems }] = await Promise.all([
    loadTargetInventory(flags, project),
    loadProjectPlaybooks(project),
  ]);
  const zones = await zonesOf(inventory);
  const known = hostRoles({ playbooks, inventory, zones });
  return { inventory, zones, roles: known.roles, problems: [...problems, ...known.problems] };
}

export interface OperatorContextInput {
  readonly run: string;
  readonly inventory: Inventory;
  readonly zones?: RunContext['zones'];
  /** Of all playbooks, where a host may be changed. */
  readonly roles?: OperatorTarget['roles'];
  readonly options?: Partial<RunOptions>;
  readonly deadlines?: Partial<Deadlines>;
  readonly emit?: RunContext['emit'];
  readonly signal?: AbortSignal;
  readonly confirm?: NonNullable<RunContext['confirm']>;
}

export async function operatorContext(input: OperatorContextInput): Promise<RunContext> {
  const { roles } = input;
  const { createTransport } = await import('../ssh/index.ts');
  return {
    run: input.run,
    owner: `${userInfo().username}@${hostname()}`,
    inventory: input.inventory,
    zones: input.zones ?? (() => []),
    ...(roles === undefined ? {} : { projectRoles: async () => roles }),
    transport: createTransport(),
    options: {
      check: false,
      diff: false,
      tags: [],
      skipTags: [],
      forks: 10,
      confirmWithinSec: 120,
      waitLockSec: 0,
      forceUnsafe: false,
      ...input.options,
    },
    deadlines: resolveDeadlines(input.deadlines),
    helper: {},
    emit: input.emit ?? (() => {}),
    signal: input.signal ?? new AbortController().signal,
    ...(input.confirm === undefined ? {} : { confirm: input.confirm }),
    now: () => performance.now(),
    today,
  };
}

function today(): string {
  const now = new Date();
  return `${now.getFullYear()}${String(now.getMonth() + 1).padStart(2, '0')}${String(now.getDate()).padStart(2, '0')}`;
}

/** `unlock ns1` → `./run unlock ns1 --lab`: with the options that a person has to repeat to mean the same hosts. */
export function commandLineFor(flags: InventoryFlags): (words: string) => string {
  const options = [
    ...(flags.inventory === undefined ? [] : ['-i', flags.inventory]),
    ...(flags.lab === true ? ['--lab'] : []),
    ...(flags.labName === undefined ? [] : ['--lab-name', flags.labName]),
  ].map((word) => (/^[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return (words) => [commandName(), words, ...options].join(' ');
}
