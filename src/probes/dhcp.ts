/** The `dhcp` probe: does any of the servers offer an address, or give a whole lease, to a client of the subnet? */
import { localMac } from '../dhcp/messages.ts';
import { addressesOf, OPTION, serverOf } from '../dhcp/options.ts';
import type { DhcpPacket } from '../dhcp/packet.ts';
import { type DhcpOutcome, exchangeDhcp } from './dhcp-exchange.ts';
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
  return first === undefined ? failed(probe, outcomes) : { ...nameOf(probe), ok: true, detail: describe(probe, first) };
}

function failed(probe: DhcpProbe, outcomes: readonly DhcpOutcome[]): Omit<ProbeResult, 'tookMs'> {
  const failures = outcomes.flatMap((outcome) => ('failure' in outcome ? [outcome] : []));
  const words = [...new Set(failures.map(({ failure }) => failure))].join('; ');
  const loud = failures.filter(({ silent }) => !silent);
  if (loud.length > 0) return { ...nameOf(probe), ok: false, detail: words };
  return {
    ...nameOf(probe),
    ok: true,
    silent: true,
    detail: `${words}: judged by what the servers say of themselves`,
    warning:
      'no DHCP server answered this machine: whether clients get addresses is known only from what the servers say of themselves',
  };
}

function nameOf({ servers, link, exchange }: DhcpProbe): Pick<ProbeResult, 'service' | 'name'> {
  return { service: 'dhcp', name: `${exchange} for the subnet of ${link} @${servers.join(',')}` };
}

function describe({ exchange }: DhcpProbe, packet: DhcpPacket): string {
  const server = serverOf(packet) ?? 'a server without a name';
  const parts = [
    `${packet.yiaddr} ${exchange === 'offer' ? 'offered' : 'leased and given back'} by ${server}`,
    ...(
      [
        ['router', OPTION.routers],
        ['dns', OPTION.nameServers],
        ['ntp', OPTION.timeServers],
      ] as const
    ).flatMap(([word, option]) => {
      const addresses = addressesOf(packet, option);
      return addresses.length === 0 ? [] : [`${word} ${addresses.join(' ')}`];
    }),
  ];
  return parts.join(', ');
}
