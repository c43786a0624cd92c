/** In which order hosts are upgraded. Pure. */
import { UpgradeSettingsError } from './errors.ts';

export interface OrderInput {
  /** In the order of the inventory. */
  readonly hosts: readonly string[];
  /** Of the playbook; names of the pattern. */
  readonly order: readonly string[];
  /** Hosts that only stand by now (Kea): nobody loses anything when they go first. */
  readonly standby: ReadonlySet<string>;
}

/** Those that the playbook names, as it names them; then those that stand by; then the last of the inventory first: the first host is everybody's first resolver. */
export function upgradeOrder({ hosts, order, standby }: OrderInput): readonly string[] {
  const rank = (host: string): number => {
    const named = order.indexOf(host);
    if (named >= 0) return named;
    return order.length + (standby.has(host) ? 0 : 1);
  };
  return [...hosts].sort((a, b) => rank(a) - rank(b) || hosts.indexOf(b) - hosts.indexOf(a));
}

/** A name that the pattern does not have is a mistake, not an empty wish. */
export function checkOrder(order: readonly string[], all: readonly string[], maxFailed: number): void {
  const stranger = order.find((name) => !all.includes(name));
  if (stranger !== undefined)
    throw new UpgradeSettingsError(
      `the upgrade's order names ${stranger}, which is not one of its hosts (${all.join(', ')})`,
      {
        remedy: 'Correct `order` in playbooks/upgrade.ts.',
      },
    );
  if (!Number.isInteger(maxFailed) || maxFailed < 0)
    throw new UpgradeSettingsError(`the upgrade's maxFailed is ${maxFailed}`, {
      remedy: 'Give a number of hosts, 0 or more.',
    });
}
