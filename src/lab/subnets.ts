/** Pure address arithmetic of the lab: networks of the inventory onto free ones, host parts kept. */
import ipaddr from 'ipaddr.js';

export interface Address {
  readonly value: bigint;
  readonly bits: 32 | 128;
}

export interface Subnet {
  readonly base: bigint;
  readonly bits: 32 | 128;
  readonly prefix: number;
}

/** Where labs live: blocks that neither podman (10.88.0.0/16 and up) nor a common home network uses. */
const SPACE = { 32: parseSubnet('10.77.0.0/16'), 128: parseSubnet('fd77:c0de:1ab::/48') } as const;

export function parseAddress(text: string): Address | undefined {
  if (!ipaddr.isValid(text) || (!text.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(text))) return undefined;
  const parsed = ipaddr.parse(text);
  const value = parsed.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { value, bits: parsed.kind() === 'ipv4' ? 32 : 128 };
}

export function formatAddress({ value, bits }: Address): string {
  const bytes = Array.from({ length: bits / 8 }, (_, i) => Number((value >> BigInt(bits - 8 - 8 * i)) & 0xffn));
  return ipaddr.fromByteArray(bytes).toString();
}

/** The network of `address/prefix`; a plain address is a network of its own. */
export function parseSubnet(text: string): Subnet {
  const [address = '', length] = text.split('/');
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new TypeError(`not a network: ${text}`);
  const prefix = length === undefined ? parsed.bits : Number(length);
  return { base: parsed.value & ~hostMask(parsed.bits, prefix), bits: parsed.bits, prefix };
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress({ value: subnet.base, bits: subnet.bits })}/${subnet.prefix}`;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  if (a.bits !== b.bits) return false;
  const mask = ~hostMask(a.bits, Math.min(a.prefix, b.prefix));
  return (a.base & mask) === (b.base & mask);
}

export function contains(subnet: Subnet, address: Address): boolean {
  return overlaps(subnet, { base: address.value, bits: address.bits, prefix: address.bits });
}

/** The first network as large as `wanted` that overlaps nothing in `taken`; undefined when all are in use. */
export function pickFree(wanted: Subnet, taken: readonly Subnet[]): Subnet | undefined {
  const space = SPACE[wanted.bits];
  // Larger than our space: blocks of that size around it, as private as it is (10.0.0.0/8, fd00::/8).
  const outer = wanted.prefix > space.prefix ? space : parseSubnet(wanted.bits === 32 ? '10.0.0.0/8' : 'fd00::/8');
  const size = 1n << BigInt(wanted.bits - wanted.prefix);
  const end = outer.base + (1n << BigInt(outer.bits - outer.prefix));
  const tries = 4096; // a bound: /30 networks in a /16 are many
  let base = outer.base;
  for (let i = 0; i < tries && base + size <= end; i++, base += size) {
    const candidate: Subnet = { base, bits: wanted.bits, prefix: wanted.prefix };
    if (!taken.some((other) => overlaps(other, candidate))) return candidate;
  }
  return undefined;
}

/** The same host in another network. */
export function moveAddress(address: Address, to: Subnet): Address {
  return { value: to.base | (address.value & hostMask(to.bits, to.prefix)), bits: to.bits };
}

/** The bridge's own address in `subnet`: the first, or the last that no host has. */
export function pickGateway(subnet: Subnet, hosts: readonly Address[]): Address {
  const used = new Set(hosts.map((host) => host.value));
  const last = subnet.base + hostMask(subnet.bits, subnet.prefix) - 1n;
  let value = subnet.base + 1n;
  if (used.has(value)) {
    value = last;
    while (used.has(value)) value -= 1n;
  }
  return { value, bits: subnet.bits };
}

function hostMask(bits: number, prefix: number): bigint {
  return (1n << BigInt(bits - prefix)) - 1n;
}
