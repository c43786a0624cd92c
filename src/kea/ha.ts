/** High availability (Kea ARM, "libdhcp_ha.so"): the parameters of both members of a pair, and the pools that load balancing needs. Pure. */
import { type AddressRange, formatRange, parseRange } from './addresses.ts';
import type { HaPeer, HaSettings, JsonObject, Pool } from './model.ts';

/** How one server of the pair is called in Kea's own classes. */
export function haClass(peer: HaPeer): string {
  return `HA_${peer.name}`;
}

export function peerUrl({ port }: HaSettings, { address }: HaPeer): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}/`;
}

/**
 * While a server reads a page of leases for its partner, it answers nobody: some 15 ms for so many. Upstream's default is a page of 10 000: 0.3 s. A new page
 * switches it off anew, and the role on again (roles/kea/insist.ts).
 */
const SYNC_PAGE_LEASES = 500;

export function haParameters(ha: HaSettings): JsonObject {
  return {
    'high-availability': [
      {
        'this-server-name': ha.thisServer,
        mode: ha.mode,
        'heartbeat-delay': ha.heartbeatMs,
        'max-response-delay': ha.maxResponseDelayMs,
        'max-ack-delay': ha.maxAckDelayMs,
        'max-unacked-clients': ha.maxUnackedClients,
        'max-rejected-lease-updates': ha.maxRejectedLeaseUpdates,
        'sync-page-limit': SYNC_PAGE_LEASES,
        // A listener of its own: what a busy server does not answer is not mistaken for a dead one.
        'multi-threading': {
          'enable-multi-threading': true,
          'http-dedicated-listener': true,
          'http-listener-threads': 0,
          'http-client-threads': 0,
        },
        peers: ha.peers.map(({ name, address, role }) => ({
          name,
          url: peerUrl(ha, { name, address, role }),
          role,
          'auto-failover': true,
        })),
      },
    ],
  };
}

/**
 * With load balancing each server allocates from pools of its own, so that the two never offer one address to two clients: each pool is halved.
 * A pool of one address stays with the primary; whoever is left alone serves both halves.
 */
export function balancedPools(pools: readonly Pool[], ha: HaSettings): readonly Pool[] {
  const [first, second] = ha.peers;
  return pools.flatMap((pool) => {
    const range = parseRange(pool.range);
    if (range === undefined) return [pool];
    const [low, high] = halves(range);
    const share = (part: AddressRange, peer: HaPeer): Pool => ({
      ...pool,
      range: formatRange(part),
      clientClasses: [haClass(peer)],
    });
    return high === undefined ? [share(low, first)] : [share(low, first), share(high, second)];
  });
}

function halves(range: AddressRange): readonly [AddressRange, AddressRange | undefined] {
  const { family, first, last } = range;
  if (first === last) return [range, undefined];
  const middle = first + (last - first) / 2n;
  return [
    { family, first, last: middle },
    { family, first: middle + 1n, last },
  ];
}
