/** DHCP options by name, with values of their own types, as Kea's option-data. Pure. */
import { type Family, parseAddress, parseNetwork } from './addresses.ts';
import type { OptionData } from './model.ts';

export type OptionValue = string | number | boolean | readonly (string | StaticRoute)[];

/** One route of option 121 (RFC 3442). */
export interface StaticRoute {
  readonly to: string;
  readonly via: string;
}

type Kind = 'address' | 'addresses' | 'text' | 'names' | 'uint8' | 'uint16' | 'uint32' | 'int32' | 'flag' | 'routes';

/** Names as Kea (and IANA) have them; others go through `option_data`. */
export const OPTIONS_4 = {
  'subnet-mask': 'address',
  'time-offset': 'int32',
  routers: 'addresses',
  'time-servers': 'addresses',
  'domain-name-servers': 'addresses',
  'log-servers': 'addresses',
  'domain-name': 'text',
  'root-path': 'text',
  'ip-forwarding': 'flag',
  'default-ip-ttl': 'uint8',
  'interface-mtu': 'uint16',
  'broadcast-address': 'address',
  'nis-domain': 'text',
  'ntp-servers': 'addresses',
  'netbios-name-servers': 'addresses',
  'netbios-node-type': 'uint8',
  'dhcp-renewal-time': 'uint32',
  'dhcp-rebinding-time': 'uint32',
  'vendor-class-identifier': 'text',
  'tftp-server-name': 'text',
  'boot-file-name': 'text',
  'smtp-server': 'addresses',
  pcode: 'text',
  tcode: 'text',
  'v4-captive-portal': 'text',
  'domain-search': 'names',
  'classless-static-route': 'routes',
} as const satisfies Readonly<Record<string, Kind>>;

export const OPTIONS_6 = {
  'dns-servers': 'addresses',
  'domain-search': 'names',
  'sntp-servers': 'addresses',
  'information-refresh-time': 'uint32',
  'bootfile-url': 'text',
  'new-posix-timezone': 'text',
  'new-tzdb-timezone': 'text',
  'v6-captive-portal': 'text',
  unicast: 'address',
} as const satisfies Readonly<Record<string, Kind>>;

const RANGES: Partial<Record<Kind, readonly [number, number]>> = {
  uint8: [0, 255],
  uint16: [0, 65_535],
  uint32: [0, 4_294_967_295],
  int32: [-2_147_483_648, 2_147_483_647],
};
const CLASSLESS_STATIC_ROUTE = 121;

export function optionKinds(family: Family): Readonly<Record<string, Kind>> {
  return family === 4 ? OPTIONS_4 : OPTIONS_6;
}

export type OptionResult =
  | { readonly ok: true; readonly option: OptionData }
  | { readonly ok: false; readonly problem: string };

/** `problem` in words that follow the option's name: `must be a list of IPv4 addresses`. */
export function typedOption(family: Family, name: string, value: OptionValue): OptionResult {
  const kind = optionKinds(family)[name];
  const bad = (problem: string): OptionResult => ({ ok: false, problem });
  const plain = (data: string): OptionResult => ({ ok: true, option: { name, data } });
  if (kind === undefined) return bad('is not known by this name');
  const list: readonly (string | StaticRoute)[] = Array.isArray(value) ? value : [];
  const isAddress = (text: unknown): text is string =>
    typeof text === 'string' && parseAddress(text)?.family === family;
  switch (kind) {
    case 'address':
      return isAddress(value) ? plain(value) : bad(`must be an IPv${family} address`);
    case 'addresses':
      return list.length > 0 && list.every(isAddress)
        ? plain(list.join(', '))
        : bad(`must be a list of IPv${family} addresses`);
    case 'names':
      return list.length > 0 && list.every(isDomainName)
        ? plain(list.join(', '))
        : bad('must be a list of domain names');
    case 'text':
      return typeof value === 'string' && isText(value)
        ? text(name, value)
        : bad('must be a text without control characters');
    case 'flag':
      return typeof value === 'boolean' ? plain(String(value)) : bad('must be true or false');
    case 'routes':
      return routes(list) ?? bad('must be a list of routes such as {to: 198.51.100.0/24, via: 192.0.2.1}');
    case 'uint8':
    case 'uint16':
    case 'uint32':
    case 'int32': {
      const [least, most] = RANGES[kind] ?? [0, 0];
      return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
        ? plain(String(value))
        : bad(`must be a whole number from ${least} to ${most}`);
    }
  }
}

/** RFC 1035: labels of at most 63 characters, 253 in all. */
function isDomainName(text: unknown): text is string {
  return (
    typeof text === 'string' &&
    text.length <= 253 &&
    /^(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/.test(text)
  );
}

function isText(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= 255 && !/[\u0000-\u001f\u007f]/.test(text);
}

/** Kea splits `data` at commas and takes backslashes for its own: such texts go as bytes. */
function text(name: string, value: string): OptionResult {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !/[\\,"']/.test(value) && !/^0x/i.test(value))
    return { ok: true, option: { name, data: value } };
  return { ok: true, option: { name, data: Buffer.from(value).toString('hex').toUpperCase(), csvFormat: false } };
}

/** RFC 3442: prefix length, the significant bytes of the network, the router. As bytes, which every release takes. */
function routes(list: readonly (string | StaticRoute)[]): OptionResult | undefined {
  const bytes: number[] = [];
  if (list.length === 0) return undefined;
  for (const route of list) {
    if (typeof route === 'string') return undefined;
    const [to, via] = [parseNetwork(route.to), parseAddress(route.via)];
    if (to?.family !== 4 || via?.family !== 4) return undefined;
    bytes.push(to.prefix, ...bytesOf(to.first).slice(0, Math.ceil(to.prefix / 8)), ...bytesOf(via.value));
  }
  if (bytes.length > 255) return undefined;
  const data = Buffer.from(bytes).toString('hex').toUpperCase();
  return { ok: true, option: { code: CLASSLESS_STATIC_ROUTE, data, csvFormat: false } };
}

function bytesOf(value: bigint): readonly number[] {
  return [24n, 16n, 8n, 0n].map((shift) => Number((value >> shift) & 0xffn));
}
