/** What the answers to a `dhcp` probe mean, in words. Pure. */
import { addressesOf, OPTION, serverOf } from '../dhcp/options.ts';
import type { DhcpPacket } from '../dhcp/packet.ts';
import type { DhcpProbe, ProbeResult } from './types.ts';

type Verdict = Omit<ProbeResult, 'tookMs'>;

export function dhcpServes(probe: DhcpProbe, packet: DhcpPacket): Verdict {
  return { ...nameOf(probe), ok: true, detail: describe(probe, packet) };
}

export function dhcpFails(probe: DhcpProbe, detail: string): Verdict {
  return { ...nameOf(probe), ok: false, detail };
}

/** Nothing came back: neither a proof nor a fault (DhcpProbe). */
export function dhcpSilent(probe: DhcpProbe, words: string): Verdict {
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
  const lists = (
    [
      ['router', OPTION.routers],
      ['dns', OPTION.nameServers],
      ['ntp', OPTION.timeServers],
    ] as const
  ).flatMap(([word, option]) => {
    const addresses = addressesOf(packet, option);
    return addresses.length === 0 ? [] : [`${word} ${addresses.join(' ')}`];
  });
  const server = serverOf(packet) ?? 'a server without a name';
  return [`${packet.yiaddr} ${exchange === 'offer' ? 'offered' : 'leased and given back'} by ${server}`, ...lists].join(
    ', ',
  );
}
