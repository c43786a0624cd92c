/** Hosts that only stand by: they go first, since nobody loses anything by it. */
import type { Host } from '../inventory/model.ts';
import type { Fleet } from './fleet.ts';

/** By the role's own word: a DHCP server of a hot-standby pair says in its vars which of the two it is. */
export function standbyHosts(fleet: Fleet, hosts: readonly Host[]): ReadonlySet<string> {
  return new Set(
    hosts
      .filter(({ name }) => fleet.rolesOf(name).some(({ desired }) => desired.standsBy === true))
      .map(({ name }) => name),
  );
}
