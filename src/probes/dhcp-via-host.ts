/** A DHCPDISCOVER sent by a host, over SSH, with what every host has: bash, which opens UDP sockets, and coreutils. */
import { randomInt } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { discover } from '../dhcp/messages.ts';
import { messageOf } from '../dhcp/options.ts';
import { decodeDhcp, encodeDhcp } from '../dhcp/packet.ts';
import { quoteArgv } from '../ssh/quote.ts';
import { PROBE_MAC } from './dhcp.ts';
import { isAnswerTo } from './dhcp-exchange.ts';
import { dhcpServes } from './dhcp-verdict.ts';
import type { DhcpProbe, ProbeResult } from './types.ts';

/** Where the relay agent's address stands in a message (RFC 2131 §2). */
const GIADDR = { start: 24, end: 28 } as const;
const ANSWER_SEC = 1;

/**
 * Arguments: server, port, what comes before and after the host's own address towards the server, both in base64. Prints the answer in base64.
 * One dd is one datagram. No right of root is needed. bash(1), REDIRECTION: /dev/udp.
 */
const SCRIPT = `set -e
source=$(ip -4 -o route get "$1" | sed -n 's/.* src \\([0-9.]*\\).*/\\1/p')
IFS=. read -r a b c d <<<"$source"
exec 3<>"/dev/udp/$1/$2"
{
  base64 -d <<<"$3"
  printf '%b' "$(printf '\\\\x%02x' "$a" "$b" "$c" "$d")"
  base64 -d <<<"$4"
} | dd bs=2048 iflag=fullblock status=none >&3
timeout ${ANSWER_SEC} dd bs=2048 count=1 status=none <&3 | base64 -w 0`;

export interface ViaHostQuery {
  readonly command: string;
  readonly xid: number;
}

export function dhcpQuery(probe: DhcpProbe, server: string): ViaHostQuery | undefined {
  if (!isIPv4(server)) return undefined;
  const xid = randomInt(2 ** 32);
  const relay = { address: '0.0.0.0', link: probe.link };
  const bytes = encodeDhcp(discover({ mac: PROBE_MAC, xid, relay }));
  const parts = [bytes.subarray(0, GIADDR.start), bytes.subarray(GIADDR.end)].map((part) => part.toString('base64'));
  return { command: quoteArgv(['bash', '-c', SCRIPT, '-', server, String(probe.port), ...parts]), xid };
}

/** undefined: no offer came back there, which proves nothing (a host cannot ask its own Kea: that listens on the network card). */
export function dhcpAnswer(
  probe: DhcpProbe,
  { xid }: ViaHostQuery,
  stdout: string,
): Omit<ProbeResult, 'tookMs'> | undefined {
  const packet = decodeDhcp(Buffer.from(stdout, 'base64'));
  if (packet === undefined || !isAnswerTo({ xid, mac: PROBE_MAC }, packet) || messageOf(packet) !== 'offer')
    return undefined;
  return dhcpServes({ ...probe, exchange: 'offer' }, packet);
}
