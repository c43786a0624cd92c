/** The link between the two servers, taken in hand for a moment by nftables on the one that stays; without nft nothing happens. In bash. Pure. */
import type { Daemon } from '../../src/kea/daemon.ts';
import type { HaPeer, HaSettings } from '../../src/kea/model.ts';

/** Should nobody take the rules away: they end by themselves so long after a heartbeat, s. */
const SPARE_SEC = 3;

/**
 * - `part`, `meet`: from then on, until then the other server refuses new connections of this one; those that are open stay.
 * - `hold`, `release`: from then on, until then nothing that the other one asks arrives here. TCP sends it again, so that it is late, and not lost.
 */
export function linkFunctions({ family }: Daemon, { port, heartbeatMs }: HaSettings, goes: HaPeer): string {
  const seconds = Math.ceil(heartbeatMs / 1_000) + SPARE_SEC;
  const ip = goes.address.includes(':') ? 'ip6' : 'ip';
  const [parted, held] = [`coreos_infra_kea${family}_parted`, `coreos_infra_kea${family}_held`];
  const table = (name: string, chain: string): string => `nft -f - 2>/dev/null <<'END' || :
add table inet ${name}
delete table inet ${name}
table inet ${name} {
  set port { type inet_service; flags timeout; }
  chain link { ${chain}; }
}
add element inet ${name} port { ${port} timeout ${seconds}s }
END`;
  return `
part() {
${table(parted, `type filter hook output priority -5; ${ip} daddr ${goes.address} tcp flags & (syn | ack) == syn tcp dport @port reject with tcp reset`)}
}
meet() { nft delete table inet ${parted} 2>/dev/null || :; }
hold() {
${table(held, `type filter hook input priority -5; ${ip} saddr ${goes.address} tcp dport @port drop`)}
}
release() { nft delete table inet ${held} 2>/dev/null || :; }
`;
}
