/** Translates an inventory into the lab's: its networks onto the lab's, host parts kept, and hosts to where the lab has them. Pure. */
import type { Group, Host, Inventory, Vars, VarValue } from '../inventory/model.ts';
import { Secret } from '../secrets/secret.ts';
import { mapText, type NetworkPair, pairOf } from './address-text.ts';
import { LabError } from './errors.ts';
import { formatAddress, formatSubnet, moveAddress, parseAddress, parseSubnet } from './subnets.ts';

/** `192.0.2.0/24` of the inventory is `10.77.3.0/24` in the lab; both of one size. */
export interface MappedNetwork {
  readonly inventory: string;
  readonly lab: string;
}

/** Where a host is in the lab. */
export interface LabConnection {
  /** sshd and all services answer there. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Absolute. */
  readonly identityFile: string;
  /** Absolute. */
  readonly knownHostsFile: string;
}

/** Maps an address of the inventory into the lab; undefined when it lies in none of its networks. */
export function mapAddress(address: string, networks: readonly MappedNetwork[]): string | undefined {
  const parsed = parseAddress(address);
  const pair = parsed === undefined ? undefined : pairOf(parsed, pairsOf(networks));
  return parsed === undefined || pair === undefined ? undefined : formatAddress(moveAddress(parsed, pair.to));
}

/** The distinct networks of the hosts, as `192.0.2.0/24`, in the order of the inventory. Hosts without an IP address have none. */
export function labNetworks(inventory: Inventory): readonly string[] {
  const hosts = [...inventory.hosts.values()].filter(({ address }) => parseAddress(address) !== undefined);
  return [...new Set(hosts.map(({ address, prefix }) => formatSubnet(parseSubnet(`${address}/${prefix}`))))];
}

/**
 * The inventory as it holds in the lab. Every address, prefix and range in vars that lies in a mapped network is rewritten, keys
 * of maps too; where a value was written stays known. Throws LabError for a host that the lab does not have.
 */
export function mapInventory(
  inventory: Inventory,
  networks: readonly MappedNetwork[],
  connections: ReadonlyMap<string, LabConnection>,
): Inventory {
  const pairs = pairsOf(networks);
  const hosts = [...inventory.hosts.values()].map((host) => mapHost(host, pairs, connections.get(host.name)));
  const groups = [...inventory.groups.values()].map((group): Group => ({ ...group, vars: mapVars(group.vars, pairs) }));
  return {
    ...inventory,
    hosts: new Map(hosts.map((host) => [host.name, host])),
    groups: new Map(groups.map((group) => [group.name, group])),
  };
}

function mapHost(host: Host, pairs: readonly NetworkPair[], connection: LabConnection | undefined): Host {
  if (connection === undefined) {
    throw new LabError(`the lab has no host ${host.name}`, {
      host: host.name,
      remedy: 'It was made from another inventory, or before this host was added. Bring it up to date: run lab up',
    });
  }
  const { address, port, user, identityFile, knownHostsFile } = connection;
  return {
    ...host,
    address,
    ssh: { address, port, user, identityFile, knownHostsFile },
    vars: mapVars(host.vars, pairs),
    origin: (...path) => host.origin(...unmapPath(host.vars, path, pairs)),
  };
}

/** Names of vars stay; below them keys may be addresses (`reservations: { 192.0.2.50: … }`). */
function mapVars(vars: Vars, pairs: readonly NetworkPair[]): Vars {
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, mapValue(value, pairs)]));
}

function mapValue(value: VarValue, pairs: readonly NetworkPair[]): VarValue {
  if (typeof value === 'string') return mapText(value, pairs);
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value;
  if (Array.isArray(value)) return (value as readonly VarValue[]).map((item) => mapValue(item, pairs));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [mapText(key, pairs), mapValue(inner, pairs)]));
}

/** The path as it was written: keys that the map changed, changed back. */
function unmapPath(vars: Vars, path: readonly (string | number)[], pairs: readonly NetworkPair[]): (string | number)[] {
  let at: unknown = vars;
  return path.map((part, depth) => {
    const keys = depth > 0 && typeof part === 'string' && typeof at === 'object' && at !== null ? Object.keys(at) : [];
    const written = keys.find((key) => mapText(key, pairs) === part) ?? part;
    at = typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[written] : undefined;
    return written;
  });
}

function pairsOf(networks: readonly MappedNetwork[]): readonly NetworkPair[] {
  return networks.map(({ inventory, lab }) => {
    const pair = { from: parseSubnet(inventory), to: parseSubnet(lab) };
    if (pair.from.bits !== pair.to.bits || pair.from.prefix !== pair.to.prefix) {
      throw new TypeError(`${inventory} and ${lab} are not of one size`);
    }
    return pair;
  });
}
