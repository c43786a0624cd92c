/** The messages of a client (RFC 2131 §4.4), sent by itself or through a relay agent. Pure. */
import { MESSAGE, type MessageName, OPTION, RELAY, serverOf } from './options.ts';
import { addressBytes, type DhcpPacket, OP } from './packet.ts';

/** Who asks. */
export interface DhcpClient {
  /** 6 bytes. */
  readonly mac: Buffer;
  readonly xid: number;
  /** Asked for through a relay agent; undefined: broadcast on its own network. */
  readonly relay?: RelayAgent;
}

export interface RelayAgent {
  /** Our own address, where the answer comes to. */
  readonly address: string;
  /** An address of the network that the client is said to be in (RFC 3527): it need not be ours. */
  readonly link: string;
}

const UNSET = '0.0.0.0';
const WANTED = [OPTION.subnetMask, OPTION.routers, OPTION.nameServers, OPTION.timeServers, OPTION.leaseTime];

export function discover(client: DhcpClient): DhcpPacket {
  return message(client, 'discover', [[OPTION.parameters, Buffer.from(WANTED)]]);
}

/** Takes what was offered. The server that offered answers with ACK or NAK; others take it as a refusal of theirs. */
export function request(client: DhcpClient, offer: DhcpPacket): DhcpPacket {
  return message(client, 'request', [
    [OPTION.parameters, Buffer.from(WANTED)],
    [OPTION.requestedAddress, addressBytes(offer.yiaddr)],
    [OPTION.serverId, addressBytes(serverOf(offer) ?? UNSET)],
  ]);
}

/** Gives the lease back; nobody answers. */
export function release(client: DhcpClient, ack: DhcpPacket): DhcpPacket {
  const packet = message(client, 'release', [[OPTION.serverId, addressBytes(serverOf(ack) ?? UNSET)]]);
  return { ...packet, ciaddr: ack.yiaddr, broadcast: false };
}

function message(client: DhcpClient, name: MessageName, options: readonly (readonly [number, Buffer])[]): DhcpPacket {
  const { relay } = client;
  return {
    op: OP.request,
    hops: relay === undefined ? 0 : 1,
    xid: client.xid,
    secs: 0,
    broadcast: relay === undefined,
    ciaddr: UNSET,
    yiaddr: UNSET,
    siaddr: UNSET,
    giaddr: relay?.address ?? UNSET,
    chaddr: client.mac,
    options: new Map([
      [OPTION.messageType, Buffer.from([MESSAGE[name]])],
      [OPTION.clientId, Buffer.concat([Buffer.from([1]), client.mac])],
      ...options,
      // The last one (RFC 3046 §2.1).
      ...(relay === undefined ? [] : [[OPTION.relayAgent, relayOption(relay)] as const]),
    ]),
  };
}

/**
 * Source port (RFC 8357): the server answers to the port that we send from, so that port 67, and root, are not needed. The RFC gives the
 * sub-option no content; Kea (2.6.3, 3.0.3) drops the whole message unless it has two bytes, and reads nothing from them.
 */
function relayOption({ link }: RelayAgent): Buffer {
  return Buffer.concat([
    Buffer.from([RELAY.linkSelection, 4]),
    addressBytes(link),
    Buffer.from([RELAY.sourcePort, 2, 0, 0]),
  ]);
}

/** An address that no card has: locally administered, unicast (IEEE 802). `number` tells clients apart, 0 to 65535. */
export function localMac(prefix: readonly [number, number, number], number: number): Buffer {
  const mac = Buffer.from([0x02, ...prefix, 0, 0]);
  mac.writeUInt16BE(number, 4);
  return mac;
}
