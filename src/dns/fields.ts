/** The building blocks of record data: how one field is read from a master file and printed from its octets. */
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './addresses.ts';
import type { RdataReader } from './rdata-reader.ts';
import type { WireReader } from './wire-reader.ts';

export interface Field {
  /** Adds octets; and words, where the canonical form is at hand: then nothing has to be printed from the octets. */
  read(reader: RdataReader): void;
  /** One or more words of canonical presentation form. */
  print(wire: WireReader): string;
}

export function uint8(what: string): Field {
  return uint(what, 1);
}
export function uint16(what: string): Field {
  return uint(what, 2);
}
export function uint32(what: string): Field {
  return uint(what, 4);
}

function uint(what: string, octets: number): Field {
  return {
    read(reader) {
      const value = reader.number(what, 256 ** octets - 1);
      reader.uint(value, octets);
      reader.words.push(String(value));
    },
    print: (wire) => String(wire.uint(octets)),
  };
}

export function name(what: string): Field {
  return {
    read: (reader) => void reader.words.push(reader.name(what)),
    print: (wire) => wire.name(),
  };
}

export const ipv4: Field = {
  read(reader) {
    const token = reader.word('address');
    const octets = parseIpv4(token.text);
    if (octets === undefined) {
      const remedy =
        parseIpv6(token.text) === undefined
          ? 'Write four numbers from 0 to 255 with dots, without leading zeros.'
          : 'An IPv6 address takes an AAAA record.';
      throw reader.fault(`${JSON.stringify(token.text)} is not an IPv4 address`, remedy, token);
    }
    reader.octets.push(...octets);
    reader.words.push(token.text);
  },
  print: (wire) => formatIpv4(wire.take(4)),
};

export const ipv6: Field = {
  read(reader) {
    const token = reader.word('address');
    const octets = parseIpv6(token.text);
    if (octets === undefined) {
      const remedy =
        parseIpv4(token.text) === undefined
          ? 'Write it as RFC 4291 §2.2 says, e.g. 2001:db8::11.'
          : 'An IPv4 address takes an A record.';
      throw reader.fault(`${JSON.stringify(token.text)} is not an IPv6 address`, remedy, token);
    }
    reader.octets.push(...octets);
  },
  print: (wire) => formatIpv6(wire.take(16)),
};

/** One character-string, quoted or not. */
export function text(what: string): Field {
  return {
    read: (reader) => reader.characterString(reader.token(what)),
    print: (wire) => quoteText(wire.take(wire.uint(1))),
  };
}

/** One character-string that CoreDNS reads only in quotes (NAPTR). */
export function quotedText(what: string): Field {
  return {
    read: (reader) => reader.characterString(reader.quoted(what)),
    print: (wire) => quoteText(wire.take(wire.uint(1))),
  };
}

/** One character-string that must not be quoted. */
export function word(what: string, pattern: RegExp, remedy: string): Field {
  return {
    read(reader) {
      const token = reader.word(what);
      if (!pattern.test(token.text)) throw reader.fault(`${what} ${JSON.stringify(token.text)}`, remedy, token);
      reader.characterString(token);
    },
    print: (wire) => String.fromCharCode(...wire.take(wire.uint(1))),
  };
}

/** One or more character-strings up to the end (TXT). */
export const texts: Field = {
  read(reader) {
    do reader.characterString(reader.token('text'));
    while (!reader.isAtEnd);
  },
  print(wire) {
    const parts: string[] = [];
    do parts.push(quoteText(wire.take(wire.uint(1))));
    while (wire.left > 0);
    return parts.join(' ');
  },
};

/** Text without a length octet, up to the end (CAA value, URI target). CoreDNS takes at most 255 octets. */
export function bareText(what: string): Field {
  return {
    read(reader) {
      const token = reader.token(what);
      const from = reader.octets.length;
      reader.characterString(token);
      reader.octets.splice(from, 1);
    },
    print: (wire) => quoteText(wire.take(wire.left)),
  };
}

export function hex(what: string): Field {
  return {
    read: (reader) => void reader.hexRest(what),
    print: (wire) => printHex(wire.take(wire.left)),
  };
}

export function base64(what: string): Field {
  return {
    read: (reader) => reader.base64Rest(what),
    print: (wire) => Buffer.from(wire.take(wire.left)).toString('base64'),
  };
}

/** Seconds, as a number or with the units s m h d w: `1h30m`. */
export function seconds(what: string): Field {
  return {
    read(reader) {
      const token = reader.word(what);
      const value = parseSeconds(token.text);
      if (value === undefined || value > 0xffffffff)
        throw reader.fault(
          `${what} ${JSON.stringify(token.text)} is not a time`,
          'Write seconds, or a time such as 1h or 2w3d.',
          token,
        );
      reader.uint(value, 4);
      reader.words.push(String(value));
    },
    print: (wire) => String(wire.uint(4)),
  };
}

/** `3600`, `1h`, `1h30m`; undefined for anything else. */
export function parseSeconds(written: string): number | undefined {
  if (/^\d+$/.test(written)) return Number(written);
  if (!/^(?:\d+[smhdw])+\d*$/i.test(written)) return undefined;
  const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  let sum = 0;
  for (const [, value, unit] of written.matchAll(/(\d+)([smhdw]?)/gi))
    sum += Number(value) * (units[(unit ?? '').toLowerCase()] ?? 0);
  return sum;
}

export function printHex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex').toUpperCase();
}

/** Always quoted: nothing in it can be taken for a comment, a type or a class. */
export function quoteText(octets: Uint8Array): string {
  let out = '"';
  for (const octet of octets) {
    if (octet === 0x22 || octet === 0x5c) out += `\\${String.fromCharCode(octet)}`;
    else if (octet < 0x20 || octet > 0x7e) out += `\\${String(octet).padStart(3, '0')}`;
    else out += String.fromCharCode(octet);
  }
  return `${out}"`;
}
