/** The data of a record: from tokens to octets, and from octets to canonical presentation form. */

import { printHex } from './fields.ts';
import { lex, type Token } from './lexer.ts';
import { type NameUse, RdataFault, RdataReader } from './rdata-reader.ts';
import { isMetaType, typeName } from './type-names.ts';
import { fieldsOf, foldsNames } from './types.ts';
import { WireFault, WireReader } from './wire-reader.ts';

export interface Rdata {
  readonly octets: Uint8Array;
  readonly data: string;
  readonly names: readonly NameUse[];
}

/** Octets of record data that fit a message (RFC 1035 §3.2.1). */
const RDATA_OCTETS_MAX = 65_535;

/** Throws RdataFault. */
export function readRdata(code: number, tokens: readonly Token[], origin: string): Rdata {
  const type = typeName(code);
  const first = tokens[0];
  if (isMetaType(code))
    throw new RdataFault(
      'meta-type',
      `${type} is not a type of records`,
      'It stands only in queries and messages (RFC 6895 §3.1). Remove the record.',
      first,
    );
  if (type === 'NSEC3' || type === 'NSEC3PARAM') {
    throw new RdataFault(
      'unsupported-type',
      `${type}: CoreDNS serves no zones with NSEC3`,
      'Sign the zone with NSEC, or leave signing to CoreDNS (plugin dnssec).',
      first,
    );
  }
  const fields = fieldsOf(code);
  if (first !== undefined && !first.quoted && first.text === '\\#') return readGeneric(code, tokens, origin);
  if (fields === undefined) {
    throw new RdataFault(
      'unknown-data',
      `data of ${type} in a form that CoreDNS does not read`,
      `Write it as ${type} \\# LENGTH HEX (RFC 3597 §5).`,
      first,
    );
  }
  const reader = new RdataReader(type, tokens, origin, foldsNames(code));
  for (const field of fields) field.read(reader);
  reader.end();
  if (reader.octets.length > RDATA_OCTETS_MAX)
    throw new RdataFault(
      'long-data',
      `data of ${reader.octets.length} octets`,
      `A record has at most ${RDATA_OCTETS_MAX} octets of data.`,
      first,
    );
  const octets = Uint8Array.from(reader.octets);
  const data = reader.words.length === fields.length ? reader.words.join(' ') : printRdata(code, octets);
  return { octets, data, names: reader.names };
}

/** Canonical presentation form of data that is known to be sound. */
export function printRdata(code: number, octets: Uint8Array): string {
  const fields = fieldsOf(code);
  if (fields === undefined) return printGeneric(octets);
  const wire = new WireReader(octets);
  const words = fields.map((field) => field.print(wire)).filter((word) => word !== '');
  if (wire.left > 0) throw new WireFault(`${wire.left} octets too many`);
  return words.join(' ');
}

/** `\# 4 C0000201` (RFC 3597 §5). */
export function printGeneric(octets: Uint8Array): string {
  return octets.length === 0 ? '\\# 0' : `\\# ${octets.length} ${printHex(octets)}`;
}

function readGeneric(code: number, tokens: readonly Token[], origin: string): Rdata {
  const type = typeName(code);
  const reader = new RdataReader(type, tokens.slice(1), origin);
  const length = reader.number('length', RDATA_OCTETS_MAX);
  if (!reader.isAtEnd) reader.hexRest('data');
  if (reader.octets.length !== length) {
    throw reader.fault(
      `${reader.octets.length} octets of data, ${length} announced`,
      'After \\# comes the number of octets, then two hexadecimal digits for each (RFC 3597 §5).',
      tokens[1],
    );
  }
  const octets = Uint8Array.from(reader.octets);
  if (fieldsOf(code) === undefined) return { octets, data: printGeneric(octets), names: [] };
  return knownFromGeneric(code, octets, tokens[0]);
}

/** A type that we know must decode, and come out the same when it is written in its own form. */
function knownFromGeneric(code: number, octets: Uint8Array, token: Token | undefined): Rdata {
  try {
    const words = lex(printRdata(code, octets)).entries[0]?.tokens ?? [];
    const again = readRdata(code, words, '.');
    if (again.octets.length === octets.length) return { ...again, names: again.names.map(({ name }) => ({ name })) };
  } catch (error) {
    if (!(error instanceof WireFault) && !(error instanceof RdataFault)) throw error;
  }
  throw new RdataFault(
    'bad-data',
    `the octets are not the data of a ${typeName(code)} record`,
    'Correct them, or write the record in its own form.',
    token,
  );
}
