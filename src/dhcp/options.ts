/** The DHCP options that we write or read (RFC 2132; relay agent: RFC 3046, 3527, 8357). Pure. */
import { addressAt, type DhcpPacket } from './packet.ts';

export const OPTION = {
  subnetMask: 1,
  routers: 3,
  nameServers: 6,
  timeServers: 42,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverId: 54,
  parameters: 55,
  message: 56,
  clientId: 61,
  relayAgent: 82,
} as const;

/** Sub-options of the relay agent's option. */
export const RELAY = { linkSelection: 5, sourcePort: 19 } as const;

export const MESSAGE = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;
export type MessageName = keyof typeof MESSAGE;

/** What kind of message it is; undefined for BOOTP and for kinds that we do not know. */
export function messageOf(packet: DhcpPacket): MessageName | undefined {
  const value = packet.options.get(OPTION.messageType);
  if (value?.length !== 1) return undefined;
  return (Object.keys(MESSAGE) as MessageName[]).find((name) => MESSAGE[name] === value[0]);
}

/** Addresses of an option that holds a list of them; what is left over at its end is dropped. */
export function addressesOf(packet: DhcpPacket, option: number): readonly string[] {
  const value = packet.options.get(option) ?? Buffer.alloc(0);
  return Array.from({ length: Math.floor(value.length / 4) }, (_, index) => addressAt(value, 4 * index));
}

/** The server that says of itself that it answers. */
export function serverOf(packet: DhcpPacket): string | undefined {
  return addressesOf(packet, OPTION.serverId)[0];
}

export function leaseSecondsOf(packet: DhcpPacket): number | undefined {
  const value = packet.options.get(OPTION.leaseTime);
  return value?.length === 4 ? value.readUInt32BE(0) : undefined;
}

/** Why a server refused, in its own words (option 56). */
export function refusalOf(packet: DhcpPacket): string {
  return packet.options.get(OPTION.message)?.toString('utf8') ?? '';
}
