/** What is coming against what a host has: ids that leases know, and leases that would have no pool any more. Pure. */
import {
  type AddressRange,
  contains,
  type Family,
  holds,
  parseAddress,
  parseNetwork,
  parseRange,
} from './addresses.ts';
import type { Lease } from './leases.ts';
import { type JsonMap, type PresentSubnet, presentSubnets } from './present.ts';

/** Ids that changed their meaning: leases are stored by id. A subnet may grow under its id. */
export function changedIds(family: Family, before: JsonMap, after: JsonMap): readonly string[] {
  const old = presentSubnets(family, before);
  const now = presentSubnets(family, after);
  return now.flatMap(({ id, subnet }) => {
    const sameId = old.find((one) => one.id === id);
    const sameSubnet = old.find((one) => isSame(one.subnet, subnet));
    if (sameId !== undefined && !isWithin(sameId.subnet, subnet))
      return [`id ${id} is ${sameId.subnet} on the host, and would be ${subnet}`];
    if (sameId === undefined && sameSubnet !== undefined)
      return [`${subnet} has the id ${sameSubnet.id} on the host, and would have ${id}`];
    return [];
  });
}

function isSame(a: string, b: string): boolean {
  const [first, second] = [parseNetwork(a), parseNetwork(b)];
  return first !== undefined && second !== undefined && contains(first, second) && contains(second, first);
}

function isWithin(inner: string, outer: string): boolean {
  const [small, large] = [parseNetwork(inner), parseNetwork(outer)];
  return small !== undefined && large !== undefined && contains(large, small);
}

/**
 * Leases that are in use and that no pool or reservation of what is coming covers. Only of addresses that a pool of the present configuration
 * gave (a reservation that goes takes its client to the pool by itself); without a present configuration, all.
 */
export function orphanedLeases(
  family: Family,
  {
    before,
    after,
    leases,
    nowSec,
  }: { before: JsonMap | undefined; after: JsonMap; leases: readonly Lease[]; nowSec: number },
): readonly Lease[] {
  const old = before === undefined ? undefined : covers(presentSubnets(family, before));
  const now = covers(presentSubnets(family, after));
  return leases
    .filter(({ expiresAt }) => expiresAt > nowSec)
    .filter((lease) => old === undefined || old.pool(lease))
    .filter((lease) => !now.pool(lease) && !now.reserved(lease))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}

function covers(subnets: readonly PresentSubnet[]): {
  pool(lease: Lease): boolean;
  reserved(lease: Lease): boolean;
} {
  const byId = new Map(
    subnets.map((one) => [
      one.id,
      {
        pools: rangesOf(one.pools),
        prefixes: rangesOf(one.pdPools.map((text) => text.split(' ')[0] ?? '')),
        reserved: new Set(one.reservedAddresses.map((text) => parseAddress(text)?.value)),
      },
    ]),
  );
  return {
    pool({ subnetId, address, prefixLength }) {
      const parsed = parseAddress(address);
      const subnet = byId.get(subnetId);
      if (parsed === undefined || subnet === undefined) return false;
      return (prefixLength === undefined ? subnet.pools : subnet.prefixes).some((range) => holds(range, parsed));
    },
    reserved: ({ subnetId, address }) => byId.get(subnetId)?.reserved.has(parseAddress(address)?.value) === true,
  };
}

function rangesOf(texts: readonly string[]): readonly AddressRange[] {
  return texts.map(parseRange).filter((range) => range !== undefined);
}
