/** The `dhcp` probe: does any of the servers offer an address, or give a whole lease, to a client of the subnet? */
import { localMac } from '../dhcp/messages.ts';
import { type DhcpOutcome, exchangeDhcp } from './dhcp-exchange.ts';
import { dhcpFails, dhcpServes, dhcpSilent } from './dhcp-verdict.ts';
import type { DhcpProbe, ProbeResult } from './types.ts';

/** Always the same client, so that probes never use up a pool. */
export const PROBE_MAC = localMac([0xc0, 0x1f, 0x5a], 1);

/** All servers at once; the first that answers decides. */
export async function askDhcp(probe: DhcpProbe, timeoutMs: number): Promise<Omit<ProbeResult, 'tookMs'>> {
  const { servers, port, link, exchange } = probe;
  const outcomes: DhcpOutcome[] = [];
  const ask = servers.map(async (address) => {
    const outcome = await exchangeDhcp({ address, port, link }, { mac: PROBE_MAC, exchange, timeoutMs });
    outcomes.push(outcome);
    if (!('packet' in outcome)) throw new Error(outcome.failure);
    return outcome.packet;
  });
  const first = await Promise.any(ask).catch(() => undefined);
  return first === undefined ? failed(probe, outcomes) : dhcpServes(probe, first);
}

function failed(probe: DhcpProbe, outcomes: readonly DhcpOutcome[]): Omit<ProbeResult, 'tookMs'> {
  const failures = outcomes.flatMap((outcome) => ('failure' in outcome ? [outcome] : []));
  const words = [...new Set(failures.map(({ failure }) => failure))].join('; ');
  return failures.every(({ silent }) => silent) ? dhcpSilent(probe, words) : dhcpFails(probe, words);
}
