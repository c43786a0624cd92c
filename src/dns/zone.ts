/** A zone as parsed: its records with where they were written. Plain data that everything else in src/dns works on. */
import type { SourceLocation } from '../errors.ts';
import type { NameUse } from './rdata-reader.ts';

export interface ZoneRecord {
  /** Absolute, in canonical presentation form; lower case, except of SRV records, whose case CoreDNS keeps. */
  readonly owner: string;
  /** Seconds. */
  readonly ttl: number;
  /** `A`, or `TYPE65280` where there is no mnemonic. */
  readonly type: string;
  readonly code: number;
  /** The data in canonical presentation form: equal data, equal text. */
  readonly data: string;
  /** The data as it stands on the wire, names uncompressed. */
  readonly octets: Uint8Array;
  readonly names: readonly NameUse[];
  readonly where: Required<SourceLocation>;
  /** The owner as written, when it was written without a dot at its end. */
  readonly ownerWritten?: string | undefined;
}

export interface Zone {
  /** Without the dot at its end: `example.com`. */
  readonly name: string;
  /** With it, in lower case: `example.com.` */
  readonly apex: string;
  /** In the order of the file, each record once. */
  readonly records: readonly ZoneRecord[];
  /** The serial in the file. Managed serials do not come from it (serials.ts). */
  readonly serial: number;
  readonly file: string;
}
