/** Kea's memfile lease database: CSV with a header, rows appended, the last row of an address counts (Kea ARM, "Memfile"). Pure. */
import { type Family, parseAddress } from './addresses.ts';

export interface Lease {
  readonly address: string;
  /** Prefix delegation: 32…128; else undefined. */
  readonly prefixLength?: number;
  /** hw address, or DUID for IPv6. */
  readonly client: string;
  readonly hostname: string;
  readonly subnetId: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export interface LeaseFile {
  readonly name: string;
  readonly text: string;
}

export interface LeaseTable {
  /** Assigned ones, expired or not; by address. */
  readonly leases: readonly Lease[];
  /** What Kea refuses to start with: a file whose header it does not know. */
  readonly fatal: readonly string[];
  /** Rows that Kea skips, with a word in its log. */
  readonly skipped: readonly string[];
}

/** Columns that say what we need; Kea checks that all columns it knows are there, in their order, and takes further ones. */
const REQUIRED: Readonly<Record<Family, readonly string[]>> = {
  4: [
    'address',
    'hwaddr',
    'client_id',
    'valid_lifetime',
    'expire',
    'subnet_id',
    'fqdn_fwd',
    'fqdn_rev',
    'hostname',
    'state',
  ],
  6: [
    'address',
    'duid',
    'valid_lifetime',
    'expire',
    'subnet_id',
    'pref_lifetime',
    'lease_type',
    'iaid',
    'prefix_len',
    'fqdn_fwd',
    'fqdn_rev',
    'hostname',
    'hwaddr',
    'state',
  ],
};
const STATE_ASSIGNED = '0';
const TYPE_PREFIX = '2';

/** Kea writes a lease of lifetime 0, or one that is over, to say that it is gone. */
export function readLeases(family: Family, base: string, files: readonly LeaseFile[]): LeaseTable {
  const byKey = new Map<string, Lease>();
  const fatal: string[] = [];
  const skipped: string[] = [];
  for (const { name, text } of inOrderOfLoading(base, files)) {
    const rows = text.split('\n');
    const columns = (rows[0] ?? '').replace(/\r$/, '').split(',');
    const wrong = headerProblem(REQUIRED[family], columns);
    // An empty file is one that Kea has yet to begin.
    if (text === '') continue;
    if (wrong !== undefined) {
      fatal.push(`${name}: ${wrong}`);
      continue;
    }
    for (const [index, row] of rows.entries()) {
      if (index === 0 || row === '') continue;
      const read = readRow(family, columns, row.replace(/\r$/, '').split(','));
      if (typeof read === 'string') skipped.push(`${name}:${index + 1}: ${read}`);
      else if (read.lease === undefined) byKey.delete(read.key);
      else byKey.set(read.key, read.lease);
    }
  }
  return { leases: [...byKey.values()], fatal, skipped };
}

/** What Kea itself reads, in this order: a finished clean-up alone stands for the two files that it was made of. */
function inOrderOfLoading(base: string, files: readonly LeaseFile[]): readonly LeaseFile[] {
  const named = (suffix: string): readonly LeaseFile[] => files.filter(({ name }) => name === `${base}${suffix}`);
  const completed = named('.completed');
  return [...(completed.length > 0 ? completed : [...named('.2'), ...named('.1')]), ...named('')];
}

function headerProblem(required: readonly string[], columns: readonly string[]): string | undefined {
  const missing = required.findIndex((column, index) => columns[index] !== column);
  if (missing === -1) return undefined;
  return `the header has ${JSON.stringify((columns[missing] ?? '').slice(0, 40))} where the column ${required[missing]} belongs`;
}

type Row = { readonly key: string; readonly lease?: Lease };

function readRow(family: Family, columns: readonly string[], values: readonly string[]): Row | string {
  const required = REQUIRED[family].length;
  if (values.length < required || values.length > columns.length)
    return `${values.length} columns instead of ${columns.length}`;
  const value = (column: string): string => values[columns.indexOf(column)] ?? '';
  const [address, expire, lifetime, subnet] = [
    value('address'),
    value('expire'),
    value('valid_lifetime'),
    value('subnet_id'),
  ];
  if (parseAddress(address)?.family !== family)
    return `${JSON.stringify(address.slice(0, 60))} is no IPv${family} address`;
  for (const [column, number] of Object.entries({ expire, valid_lifetime: lifetime, subnet_id: subnet }))
    if (!/^\d{1,15}$/.test(number)) return `${column} is ${JSON.stringify(number.slice(0, 60))}`;
  const isPrefix = family === 6 && value('lease_type') === TYPE_PREFIX;
  const prefixLength = Number(value('prefix_len'));
  const key = isPrefix ? `${address}/${prefixLength}` : address;
  if (value('state') !== STATE_ASSIGNED || Number(lifetime) === 0) return { key };
  return {
    key,
    lease: {
      address,
      ...(isPrefix ? { prefixLength } : {}),
      client: family === 4 ? value('hwaddr') || value('client_id') : value('duid'),
      // Kea writes a comma inside a field as &#x2c.
      hostname: value('hostname').replaceAll('&#x2c', ','),
      subnetId: Number(subnet),
      expiresAt: Number(expire),
    },
  };
}

/** Over all members: one lease for each address, the one that lives longest. */
export function mergeLeases(tables: readonly (readonly Lease[])[]): readonly Lease[] {
  const merged = new Map<string, Lease>();
  for (const lease of tables.flat()) {
    const key = `${lease.address}/${lease.prefixLength ?? ''}`;
    const other = merged.get(key);
    if (other === undefined || other.expiresAt < lease.expiresAt) merged.set(key, lease);
  }
  return [...merged.values()];
}
