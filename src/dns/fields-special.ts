/** Fields that one or two record types have to themselves. */
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './addresses.ts';
import type { Field } from './fields.ts';
import { printHex, quoteText } from './fields.ts';
import type { RdataReader } from './rdata-reader.ts';
import type { WireReader } from './wire-reader.ts';

/** Exactly two strings. CoreDNS splits a single one at its blanks (HINFO, ISDN). */
export function twoTexts(first: string, second: string): Field {
  return {
    read(reader) {
      reader.characterString(reader.token(first));
      reader.characterString(reader.token(second));
    },
    print: (wire) => `${quoteText(wire.take(wire.uint(1)))} ${quoteText(wire.take(wire.uint(1)))}`,
  };
}

/** EUI-48 and EUI-64 (RFC 7043): pairs of hex digits with hyphens. */
export function eui(octets: 6 | 8): Field {
  return {
    read(reader) {
      const token = reader.word('address');
      if (!new RegExp(`^[0-9a-f]{2}(?:-[0-9a-f]{2}){${octets - 1}}$`, 'i').test(token.text)) {
        throw reader.fault(
          `${JSON.stringify(token.text)} is not an EUI-${octets * 8} address`,
          `Write ${octets} pairs of hexadecimal digits with hyphens, e.g. 00-00-5e${'-00'.repeat(octets - 3)}.`,
          token,
        );
      }
      reader.octets.push(...Buffer.from(token.text.replaceAll('-', ''), 'hex'));
    },
    print: (wire) => (printHex(wire.take(octets)).toLowerCase().match(/../g) ?? []).join('-'),
  };
}

/** Four groups of four hex digits (NID, L64; RFC 6742). */
export const nodeId: Field = {
  read(reader) {
    const token = reader.word('node identifier');
    if (!/^[0-9a-f]{4}(?::[0-9a-f]{4}){3}$/i.test(token.text))
      throw reader.fault(
        `${JSON.stringify(token.text)} is not a 64-bit identifier`,
        'Write it as 0014:4fff:ff20:ee64.',
        token,
      );
    reader.octets.push(...Buffer.from(token.text.replaceAll(':', ''), 'hex'));
  },
  print: (wire) => (printHex(wire.take(8)).toLowerCase().match(/..../g) ?? []).join(':'),
};

/** Address prefixes (RFC 3123): `1:192.0.2.0/24 !2:2001:db8::/32`. */
export const addressPrefixes: Field = {
  read(reader) {
    do {
      const token = reader.word('address prefix');
      const match = /^(!?)([12]):([^/]+)\/(\d{1,3})$/.exec(token.text);
      const octets =
        match === null ? undefined : match[2] === '1' ? parseIpv4(match[3] ?? '') : parseIpv6(match[3] ?? '');
      const length = Number(match?.[4]);
      if (match === null || octets === undefined || length > octets.length * 8) {
        throw reader.fault(
          `${JSON.stringify(token.text)} is not an address prefix`,
          'Write 1:192.0.2.0/24 or 2:2001:db8::/32, with "!" before it to exclude.',
          token,
        );
      }
      if (octets.some((octet, i) => (octet & (0xff >> Math.min(8, Math.max(0, length - i * 8)))) !== 0)) {
        throw reader.fault(
          `${JSON.stringify(token.text)} has address bits beyond its prefix`,
          `Set the bits after the first ${length} to zero.`,
          token,
        );
      }
      while (octets.at(-1) === 0) octets.pop();
      reader.octets.push(0, Number(match[2]), length, (match[1] === '!' ? 0x80 : 0) | octets.length, ...octets);
    } while (!reader.isAtEnd);
  },
  print(wire) {
    const parts: string[] = [];
    while (wire.left > 0) {
      const family = wire.uint(2);
      const length = wire.uint(1);
      const flags = wire.uint(1);
      const octets = [...wire.take(flags & 0x7f)];
      const full = [...octets, ...new Array<number>(Math.max(0, (family === 1 ? 4 : 16) - octets.length)).fill(0)];
      parts.push(
        `${(flags & 0x80) === 0 ? '' : '!'}${family}:${family === 1 ? formatIpv4(full) : formatIpv6(full)}/${length}`,
      );
    }
    return parts.join(' ');
  },
};

/** Precedence, gateway type and algorithm, gateway, key (RFC 4025). */
export const ipsecKey: Field = {
  read(reader) {
    reader.uint(reader.number('precedence', 255), 1);
    const kind = reader.number('gateway type', 3);
    reader.octets.push(kind, reader.number('algorithm', 255));
    readGateway(reader, kind);
    reader.base64Rest('public key');
  },
  print(wire) {
    const [precedence, kind, algorithm] = [wire.uint(1), wire.uint(1), wire.uint(1)];
    return `${precedence} ${kind} ${algorithm} ${printGateway(wire, kind)} ${Buffer.from(wire.take(wire.left)).toString('base64')}`;
  },
};

/** Precedence, discovery bit, relay type, relay (RFC 8777). */
export const amtRelay: Field = {
  read(reader) {
    reader.uint(reader.number('precedence', 255), 1);
    const discovery = reader.peek();
    if (reader.word('discovery bit').text !== '0')
      throw reader.fault(
        'AMTRELAY record with the discovery bit',
        'CoreDNS 1.15.0 loses its relay (miekg/dns, packIPSECGateway). Write 0, or leave the record out.',
        discovery,
      );
    const kind = reader.number('relay type', 3);
    reader.octets.push(kind);
    readGateway(reader, kind);
  },
  print(wire) {
    const precedence = wire.uint(1);
    const kind = wire.uint(1);
    return `${precedence} ${kind >> 7} ${kind & 0x7f} ${printGateway(wire, kind & 0x7f)}`.trimEnd();
  },
};

function readGateway(reader: RdataReader, kind: number): void {
  if (kind === 3) {
    reader.name('gateway');
    return;
  }
  const token = reader.word('gateway');
  const octets =
    kind === 0 ? (token.text === '.' ? [] : undefined) : kind === 1 ? parseIpv4(token.text) : parseIpv6(token.text);
  if (octets === undefined)
    throw reader.fault(
      `gateway ${JSON.stringify(token.text)} is not of type ${kind}`,
      'Type 0 takes ".", 1 an IPv4 address, 2 an IPv6 address, 3 a name.',
      token,
    );
  reader.octets.push(...octets);
}

function printGateway(wire: WireReader, kind: number): string {
  if (kind === 3) return wire.name();
  return kind === 0 ? '.' : kind === 1 ? formatIpv4(wire.take(4)) : formatIpv6(wire.take(16));
}

/** Algorithm, host identity tag, key, rendezvous servers (RFC 8005). */
export const hostIdentity: Field = {
  read(reader) {
    const algorithm = reader.number('algorithm', 255);
    const tag = reader.word('host identity tag');
    if (!/^(?:[0-9a-f]{2}){1,255}$/i.test(tag.text))
      throw reader.fault('host identity tag is not hexadecimal', 'Write an even number of digits 0–9 and a–f.', tag);
    const key = reader.word('public key');
    if (key.text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(key.text))
      throw reader.fault('public key is not base64', 'Write it as RFC 4648 §4 says, in one word.', key);
    const keyOctets = Buffer.from(key.text, 'base64');
    reader.octets.push(tag.text.length / 2, algorithm);
    reader.uint(keyOctets.length, 2);
    reader.octets.push(...Buffer.from(tag.text, 'hex'), ...keyOctets);
    while (!reader.isAtEnd) reader.name('rendezvous server');
  },
  print(wire) {
    const [tagLength, algorithm, keyLength] = [wire.uint(1), wire.uint(1), wire.uint(2)];
    const words = [
      String(algorithm),
      printHex(wire.take(tagLength)),
      Buffer.from(wire.take(keyLength)).toString('base64'),
    ];
    while (wire.left > 0) words.push(wire.name());
    return words.join(' ');
  },
};
