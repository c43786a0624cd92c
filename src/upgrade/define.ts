/** What a user writes: playbooks/upgrade.ts, a procedure as a value. Importing it connects to nothing. */
import type { UpgradeVars } from './vars.schema.ts';

export interface Upgrade {
  readonly kind: 'coreos-infra/upgrade';
  readonly name: string;
  readonly description: string;
  /** Pattern, as --limit. */
  readonly hosts: string;
  /** Host names in the order of the roll-out; the others follow: those that are standby first, then as the inventory has them. */
  readonly order: readonly string[];
  /** Hosts that may fail before no further one is begun. */
  readonly maxFailed: number;
  /** What `--to` says when it is not given. */
  readonly to: string;
  /** Win over the inventory's vars `upgrade_…`. */
  readonly vars: Partial<UpgradeVars>;
}

export interface UpgradeInput extends Partial<UpgradeVars> {
  readonly name: string;
  readonly description?: string;
  /** Default `all`. */
  readonly hosts?: string;
  readonly order?: readonly string[];
  /** Default 0: the first failure stops the roll-out. */
  readonly maxFailed?: number;
  /** Default `latest`; a version or `sha256:…` pins the fleet. */
  readonly to?: string;
}

export function defineUpgrade(input: UpgradeInput): Upgrade {
  const { name, description = '', hosts = 'all', order = [], maxFailed = 0, to = 'latest', ...vars } = input;
  return { kind: 'coreos-infra/upgrade', name, description, hosts, order, maxFailed, to, vars };
}

/** What `run reboot` and `run rollback` go by in a project without playbooks/upgrade.ts. */
export const DEFAULT_UPGRADE: Upgrade = defineUpgrade({ name: 'upgrade' });

export function isUpgrade(value: unknown): value is Upgrade {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'coreos-infra/upgrade';
}
