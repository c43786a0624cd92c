/** Rewrites the addresses inside texts: `192.0.2.11:53`, `[2001:db8::1]:53`, `http://192.0.2.12:8001/`, `192.0.2.100 - 192.0.2.150`. Pure. */
import ipaddr from 'ipaddr.js';
import { type Address, contains, formatAddress, moveAddress, parseAddress, type Subnet } from './subnets.ts';

/** One network of the inventory, and the one that stands for it: of the same size. */
export interface NetworkPair {
  readonly from: Subnet;
  readonly to: Subnet;
}

/** An address in a text, with the prefix behind it if there is one. */
interface Found {
  readonly begin: number;
  /** Behind the address; its prefix is left as it is. */
  readonly end: number;
  readonly address: Address;
  readonly prefix: number | undefined;
  /** `::ffff:192.0.2.11`: an IPv4 address in IPv6's clothes. */
  readonly mapped?: 'dotted' | 'hex';
}

/** The most specific network that holds the address. */
export function pairOf(address: Address, pairs: readonly NetworkPair[]): NetworkPair | undefined {
  const holding = pairs.filter(({ from }) => contains(from, address));
  return holding.toSorted((a, b) => b.from.prefix - a.from.prefix)[0];
}

/** Addresses, prefixes and ranges that lie in a network are moved with it; all other text stays as it is. */
export function mapText(text: string, pairs: readonly NetworkPair[]): string {
  if (!/[.:]/.test(text)) return text;
  const found = findAddresses(text);
  const targets = found.map((one) => targetOf(one, pairs));
  // A range goes as a whole, or not at all: half of one would be none.
  for (let i = 0; i + 1 < found.length; i++) {
    const [a, b] = [found[i], found[i + 1]];
    if (a === undefined || b === undefined || !/^\s*-\s*$/.test(text.slice(a.end, b.begin))) continue;
    if (targets[i] !== targets[i + 1]) targets[i] = targets[i + 1] = undefined;
    i++;
  }
  let result = '';
  let at = 0;
  found.forEach((one, i) => {
    const pair = targets[i];
    if (pair === undefined) return;
    result += text.slice(at, one.begin) + format(moveAddress(one.address, pair.to), one.mapped);
    at = one.end;
  });
  return result + text.slice(at);
}

/** A prefix that reaches beyond the network is another network. */
function targetOf({ address, prefix }: Found, pairs: readonly NetworkPair[]): NetworkPair | undefined {
  const pair = pairOf(address, pairs);
  return pair === undefined || (prefix !== undefined && prefix < pair.from.prefix) ? undefined : pair;
}

function findAddresses(text: string): Found[] {
  return [...text.matchAll(/[0-9A-Za-z_.:]+/g)].flatMap(({ 0: word, index }) => inWord(word, index, text));
}

/** A word is an address, or `name:address`, `address:port`, or an address at the end of a sentence. */
function inWord(word: string, begin: number, text: string): Found[] {
  const trimmed = [word, word.replace(/[.:]$/, '')].find((candidate) => readAddress(candidate) !== undefined);
  if (trimmed !== undefined) return [found(trimmed, begin, text)].filter((one) => one !== undefined);
  const colon = word.indexOf(':');
  if (colon === -1) return [];
  const [head, tail] = [word.slice(0, colon), word.slice(colon + 1)];
  // `host:2001:db8::1` is a name and an address; `192.0.2.11:53` an address and a port.
  const rest = /^[0-9A-Fa-f]*$/.test(head) ? [] : inWord(tail, begin + colon + 1, text);
  const first = readAddress(head) === undefined ? undefined : found(head, begin, text);
  return first === undefined ? rest : [first, ...rest];
}

function found(word: string, begin: number, text: string): Found | undefined {
  const read = readAddress(word);
  if (read === undefined) return undefined;
  const end = begin + word.length;
  // In a URL a slash begins the path.
  const slash = text.slice(0, begin).endsWith('//') ? null : /^\/(\d{1,3})(?![\w.])/.exec(text.slice(end));
  const length = slash === null ? undefined : Number(slash[1]);
  return { ...read, begin, end, prefix: length !== undefined && length <= read.address.bits ? length : undefined };
}

function readAddress(word: string): Pick<Found, 'address' | 'mapped'> | undefined {
  const address = parseAddress(word);
  if (address === undefined || address.bits === 32) return address && { address };
  const parsed = ipaddr.IPv6.parse(word);
  const inner = parsed.isIPv4MappedAddress() ? parseAddress(parsed.toIPv4Address().toString()) : undefined;
  return inner === undefined ? { address } : { address: inner, mapped: word.includes('.') ? 'dotted' : 'hex' };
}

function format(address: Address, mapped: Found['mapped']): string {
  const text = formatAddress(address);
  if (mapped === undefined) return text;
  return mapped === 'dotted' ? `::ffff:${text}` : ipaddr.IPv4.parse(text).toIPv4MappedAddress().toString();
}
