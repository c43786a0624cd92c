/** Fields of DNSSEC records and their kin: algorithms, signature times, type bitmaps, digests. */
import type { Field } from './fields.ts';
import { hex } from './fields.ts';
import type { RdataReader } from './rdata-reader.ts';
import { typeCode, typeName } from './type-names.ts';

const ALGORITHMS: Readonly<Record<string, number>> = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  'ECC-GOST': 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
};

const CERTIFICATE_TYPES: Readonly<Record<string, number>> = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
};

/** A number or a mnemonic; CoreDNS reads mnemonics here only for DS and its kin, RRSIG and CERT. */
export const algorithm: Field = mnemonic('algorithm', 1, ALGORITHMS);
export const certificateType: Field = mnemonic('certificate type', 2, CERTIFICATE_TYPES);

function mnemonic(what: string, octets: 1 | 2, known: Readonly<Record<string, number>>): Field {
  return {
    read(reader) {
      const code = Object.hasOwn(known, reader.peek()?.text ?? '') ? known[reader.word(what).text] : undefined;
      reader.uint(code ?? reader.number(what, 256 ** octets - 1), octets);
    },
    print: (wire) => String(wire.uint(octets)),
  };
}

/** YYYYMMDDHHmmSS, or seconds since 1970 (RFC 4034 §3.2). */
export function signatureTime(what: string): Field {
  return {
    read(reader) {
      const token = reader.word(what);
      const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(token.text);
      const value =
        match === null ? Number(/^\d{1,10}$/.test(token.text) ? token.text : Number.NaN) : utcSeconds(match);
      if (!(value >= 0 && value <= 0xffffffff))
        throw reader.fault(
          `${what} ${JSON.stringify(token.text)} is not a time`,
          'Write it as YYYYMMDDHHmmSS in UTC.',
          token,
        );
      reader.uint(value, 4);
    },
    print: (wire) => String(wire.uint(4)),
  };
}

function utcSeconds(match: RegExpExecArray): number {
  const date = new Date(
    Date.UTC(
      Number(match[1]),
      Number(match[2]) - 1,
      Number(match[3]),
      Number(match[4]),
      Number(match[5]),
      Number(match[6]),
    ),
  );
  // Date rolls the 32nd of a month over into the next one; such a time is a mistake.
  return date.toISOString().replace(/[-T:]/g, '').slice(0, 14) === match[0] ? date.getTime() / 1000 : Number.NaN;
}

/** A record type by its mnemonic or as TYPEnnn. */
export const coveredType: Field = {
  read: (reader) => reader.uint(readType(reader), 2),
  print: (wire) => typeName(wire.uint(2)),
};

function readType(reader: RdataReader): number {
  const token = reader.word('type');
  const code = typeCode(token.text);
  if (code === undefined)
    throw reader.fault(
      `${JSON.stringify(token.text)} is not a record type`,
      'Write the types that exist at the name, e.g. A AAAA RRSIG.',
      token,
    );
  return code;
}

/** Types as a bitmap (RFC 4034 §4.1.2), in ascending order: CoreDNS loads another order, and then cannot send the record. */
export const typeBitmap: Field = {
  read(reader) {
    const windows = new Map<number, number[]>();
    let before = -1;
    while (!reader.isAtEnd) {
      const token = reader.peek();
      const code = readType(reader);
      if (code <= before)
        throw reader.fault(
          `type ${token?.text} out of order`,
          'List the types in ascending order of their numbers, each once.',
          token,
        );
      before = code;
      const bits = windows.get(code >> 8) ?? [];
      const octet = (code & 255) >> 3;
      while (bits.length <= octet) bits.push(0);
      bits[octet] = (bits[octet] ?? 0) | (0x80 >> (code & 7));
      windows.set(code >> 8, bits);
    }
    for (const [window, bits] of windows) reader.octets.push(window, bits.length, ...bits);
  },
  print(wire) {
    const types: string[] = [];
    while (wire.left > 0) {
      const window = wire.uint(1);
      for (const [index, octet] of wire.take(wire.uint(1)).entries()) {
        for (let bit = 0; bit < 8; bit++)
          if ((octet & (0x80 >> bit)) !== 0) types.push(typeName(window * 256 + index * 8 + bit));
      }
    }
    return types.join(' ');
  },
};

/** Hex whose length follows from the kind of digest: `octetsOf[kind]`, where `kind` is the octet `back` places before it. */
export function digest(what: string, back: number, octetsOf: Readonly<Record<number, number>>): Field {
  return {
    read(reader) {
      const token = reader.peek();
      const expected = octetsOf[reader.octets.at(-back) ?? -1];
      const octets = reader.hexRest(what);
      if (expected !== undefined && octets !== expected)
        throw reader.fault(`${what} of ${octets} octets, ${expected} expected`, 'Copy it again in full.', token);
    },
    print: hex(what).print,
  };
}
