/** Subnets and pools against each other. Pure. */
import {
  type AddressRange,
  contains,
  holds,
  overlappingPairs,
  parseAddress,
  parseNetwork,
  parseRange,
} from './addresses.ts';
import type { KeaConfig, Subnet } from './model.ts';
import type { Refuse } from './problems.ts';

/** An address that belongs to somebody: no pool may hand it out. */
export interface TakenAddress {
  readonly address: string;
  /** `the host ns1 itself`. */
  readonly what: string;
}

/** Kea keeps 0 for "global" and the highest for "unused" (Kea ARM, "Subnet ID"). */
const ID_MAX = 4_294_967_294;

export function checkSubnets(config: KeaConfig, at: string, taken: readonly TakenAddress[], refuse: Refuse): void {
  if (config.subnets.length === 0)
    refuse({
      path: [at],
      value: [],
      message: 'there is no subnet to serve',
      remedy: 'Describe one, with id, subnet and pools.',
    });
  checkIds(config.subnets, at, refuse);
  checkNetworks(config, at, refuse);
  for (const [index, subnet] of config.subnets.entries()) checkPools(config, subnet, [at, index], taken, refuse);
}

function checkIds(subnets: readonly Subnet[], at: string, refuse: Refuse): void {
  const seen = new Map<number, number>();
  for (const [index, { id }] of subnets.entries()) {
    const path = [at, index, 'id'];
    const first = seen.get(id);
    if (first !== undefined)
      refuse({
        path,
        value: id,
        message: `subnet id ${id} stands twice`,
        remedy: `Give this subnet an id that was never used (subnet ${first + 1} of the list has this one).`,
      });
    else if (!Number.isInteger(id) || id < 1 || id > ID_MAX)
      refuse({
        path,
        value: id,
        message: `subnet id ${id} is none`,
        remedy: `Ids are whole numbers from 1 to ${ID_MAX}.`,
      });
    else seen.set(id, index);
  }
}

function checkNetworks({ subnets, family }: KeaConfig, at: string, refuse: Refuse): void {
  const networks: { readonly index: number; readonly range: AddressRange }[] = [];
  for (const [index, { subnet }] of subnets.entries()) {
    const range = parseNetwork(subnet);
    const path = [at, index, 'subnet'];
    if (range === undefined)
      refuse({
        path,
        value: subnet,
        message: `"${subnet}" is no network`,
        remedy: 'Write its first address and prefix length, e.g. 192.0.2.0/24.',
      });
    else if (range.family !== family)
      refuse({
        path,
        value: subnet,
        message: `"${subnet}" is not of IPv${family}`,
        remedy: `IPv4 subnets stand in kea_subnets, IPv6 subnets in kea_subnets6.`,
      });
    else networks.push({ index, range });
  }
  for (const [a, b] of overlappingPairs(networks.map(({ range }) => range))) {
    const [first, second] = [subnets[networks[a]?.index ?? 0], subnets[networks[b]?.index ?? 0]];
    refuse({
      path: [at, networks[b]?.index ?? 0, 'subnet'],
      value: second?.subnet,
      message: `${second?.subnet} (id ${second?.id}) overlaps ${first?.subnet} (id ${first?.id})`,
      remedy: 'Each address belongs to one subnet: correct one of the two.',
    });
  }
}

function checkPools(
  { family }: KeaConfig,
  subnet: Subnet,
  at: readonly (string | number)[],
  taken: readonly TakenAddress[],
  refuse: Refuse,
): void {
  const network = parseNetwork(subnet.subnet);
  const ranges: { readonly index: number; readonly range: AddressRange }[] = [];
  for (const [index, { range: text }] of subnet.pools.entries()) {
    const range = parseRange(text);
    const path = [...at, 'pools', index];
    if (range === undefined || range.family !== family) {
      const example = family === 4 ? '192.0.2.100-192.0.2.199' : '2001:db8::1000-2001:db8::1fff';
      refuse({
        path,
        value: text,
        message: `"${text}" is no range of IPv${family} addresses`,
        remedy: `Write first and last address, e.g. ${example}.`,
      });
      continue;
    }
    ranges.push({ index, range });
    if (network !== undefined && !contains(network, range))
      refuse({
        path,
        value: text,
        message: `the pool ${text} is not inside ${subnet.subnet}`,
        remedy: 'Correct the pool or the subnet.',
      });
    for (const { address, what } of taken) {
      const parsed = parseAddress(address);
      if (parsed !== undefined && holds(range, parsed))
        refuse({
          path,
          value: text,
          message: `the pool ${text} has ${address}, which is ${what}`,
          remedy: 'Leave that address out of the pool, or a client will be given it.',
        });
    }
  }
  for (const [a, b] of overlappingPairs(ranges.map(({ range }) => range))) {
    const [first, second] = [ranges[a]?.index ?? 0, ranges[b]?.index ?? 0];
    refuse({
      path: [...at, 'pools', second],
      value: subnet.pools[second]?.range,
      message: `the pool ${subnet.pools[second]?.range} overlaps ${subnet.pools[first]?.range}`,
      remedy: 'Each address belongs to one pool: correct one of the two.',
    });
  }
  for (const [index, pool] of subnet.pdPools.entries()) {
    const prefix = parseNetwork(pool.prefix);
    if (prefix?.family !== 6 || pool.delegatedLength < prefix.prefix || pool.delegatedLength > 128)
      refuse({
        path: [...at, 'pd_pools', index],
        value: pool.prefix,
        message: `prefixes of length ${pool.delegatedLength} cannot be delegated from "${pool.prefix}"`,
        remedy:
          'Write an IPv6 prefix, and a delegated length that is not below its own, e.g. {prefix: 2001:db8:8::/48, delegated_length: 56}.',
      });
  }
}
