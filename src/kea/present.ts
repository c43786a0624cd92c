/** Reads a configuration that stands on a host, whoever wrote it: what is compared with what is coming. Pure. */
import type { Family } from './addresses.ts';
import { daemonOf } from './daemon.ts';

export type JsonMap = Readonly<Record<string, unknown>>;

export interface PresentSubnet {
  readonly id: number;
  readonly subnet: string;
  readonly pools: readonly string[];
  /** `2001:db8:8::/48 56`: prefix and delegated length. */
  readonly pdPools: readonly string[];
  readonly reservedAddresses: readonly string[];
  readonly json: JsonMap;
}

/** The object below `Dhcp4` or `Dhcp6`; undefined when the text is not JSON (Kea's own comments included) or has none. */
export function readPresent(family: Family, text: string): JsonMap | undefined {
  try {
    return mapOf(mapOf(JSON.parse(text))?.[daemonOf(family).root]);
  } catch {
    return undefined;
  }
}

/** Those of shared networks as well. */
export function presentSubnets(family: Family, config: JsonMap): readonly PresentSubnet[] {
  const { subnetKey } = daemonOf(family);
  const shared = listOf(config['shared-networks']).flatMap((network) => listOf(network[subnetKey]));
  return [...listOf(config[subnetKey]), ...shared].flatMap((json) => {
    const { id, subnet } = json;
    if (typeof id !== 'number' || typeof subnet !== 'string') return [];
    return [
      {
        id,
        subnet,
        pools: listOf(json['pools']).flatMap(({ pool }) => (typeof pool === 'string' ? [pool] : [])),
        pdPools: listOf(json['pd-pools']).map(
          (pool) => `${pool['prefix']}/${pool['prefix-len']} ${pool['delegated-len']}`,
        ),
        reservedAddresses: listOf(json['reservations']).flatMap(reservedAddresses),
        json,
      },
    ];
  });
}

function reservedAddresses(reservation: JsonMap): readonly string[] {
  const many = reservation['ip-addresses'];
  const all = [reservation['ip-address'], ...(Array.isArray(many) ? (many as readonly unknown[]) : [])];
  return all.filter((address) => typeof address === 'string');
}

export function mapOf(value: unknown): JsonMap | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonMap) : undefined;
}

/** The maps of a list; what is no list has none. */
export function listOf(value: unknown): readonly JsonMap[] {
  return Array.isArray(value) ? value.map(mapOf).filter((one) => one !== undefined) : [];
}
