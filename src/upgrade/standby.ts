/** Hosts that only stand by: they go first, since nobody loses anything by it. */
import { hasConfirmed } from '../engine/redundancy.ts';
import type { Host } from '../inventory/model.ts';
import type { Fleet } from './fleet.ts';

/**
 * By the role's own word: a DHCP server of a hot-standby pair says in its vars which of the two it is. Only of what is deployed there:
 * what is merely described serves nobody.
 */
export function standbyHosts(fleet: Fleet, hosts: readonly Host[]): ReadonlySet<string> {
  const standsBy = ({ name }: Host): boolean => {
    const { observation } = fleet.reached(name);
    return fleet.rolesOf(name).some(({ desired }) => desired.standsBy === true && hasConfirmed(desired, observation));
  };
  return new Set(hosts.filter(standsBy).map(({ name }) => name));
}
