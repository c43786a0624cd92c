/** Addresses as inventories write them: `192.0.2.11`, `192.0.2.11/24`, `2001:db8::11/64`. Pure. */
import { isIP, SocketAddress } from 'node:net';

export interface HostAddress {
  readonly address: string;
  /** 24 (IPv4) or 64 (IPv6) if none was given. */
  readonly prefix: number;
}

/** Why a text is no address that a host can have; else the address. */
export function parseHostAddress(text: string): HostAddress | { readonly problem: string } {
  const [address = '', prefixText, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || address.includes('%')) return { problem: 'is not an IP address' };
  const bits = family === 4 ? 32 : 128;
  const prefix = prefixText === undefined ? (family === 4 ? 24 : 64) : Number(prefixText);
  if (prefixText !== undefined && (!/^\d{1,3}$/.test(prefixText) || prefix < 1 || prefix > bits))
    return { problem: `has the prefix "/${prefixText}", which is not one from /1 to /${bits}` };
  const role = family === 4 ? ipv4Role(address, prefix) : address === '::' ? 'no address at all' : undefined;
  return role === undefined ? { address, prefix } : { problem: `is ${role}, not a host's` };
}

/** One spelling for every address: `2001:DB8:0::11` is `2001:db8::11`. Other texts stay as they are. */
export function canonicalAddress(text: string): string {
  return isIP(text) === 6 ? new SocketAddress({ address: text, family: 'ipv6' }).address : text;
}

function ipv4Role(address: string, prefix: number): string | undefined {
  const value = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  if (value === 0) return 'no address at all';
  if (value >= 0xe0000000) return 'a multicast or reserved address';
  const hosts = 2 ** (32 - prefix);
  if (prefix > 30) return undefined; // RFC 3021: both addresses of a /31 are hosts'
  if (value % hosts === 0) return `the address of the network /${prefix}`;
  return value % hosts === hosts - 1 ? `the broadcast address of its network /${prefix}` : undefined;
}
