/** Service parameters of SVCB and HTTPS records (RFC 9460 §2.1 and appendix A). */
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './addresses.ts';
import type { Field } from './fields.ts';
import { quoteText } from './fields.ts';
import type { Token } from './lexer.ts';
import type { RdataReader } from './rdata-reader.ts';
import { WireReader } from './wire-reader.ts';

const KEYS = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint', 'dohpath', 'ohttp'];

interface Param {
  readonly key: number;
  readonly octets: readonly number[];
  readonly token: Token;
}

export const serviceParams: Field = {
  read(reader) {
    const params: Param[] = [];
    while (!reader.isAtEnd) {
      const param = readParam(reader);
      if (params.some(({ key }) => key === param.key))
        throw reader.fault(`parameter ${keyName(param.key)} twice`, 'Give each parameter once.', param.token);
      params.push(param);
    }
    checkTogether(reader, params);
    for (const { key, octets } of params.sort((a, b) => a.key - b.key)) {
      reader.uint(key, 2);
      reader.uint(octets.length, 2);
      reader.octets.push(...octets);
    }
  },
  print(wire) {
    const words: string[] = [];
    while (wire.left > 0) {
      const key = wire.uint(2);
      words.push(printParam(key, wire.take(wire.uint(2))));
    }
    return words.join(' ');
  },
};

function keyName(key: number): string {
  return KEYS[key] ?? `key${key}`;
}

function readParam(reader: RdataReader): Param {
  const token = reader.word('parameter');
  const [, written = '', equals, bare = ''] = /^([^=]*)(=?)(.*)$/s.exec(token.text) ?? [];
  const quoted =
    equals === '=' && bare === '' && reader.peek()?.quoted === true && reader.peek()?.glued === true
      ? reader.token('value')
      : undefined;
  const numbered = /^key([1-9]\d*|0)$/.exec(written);
  const key = numbered === null ? KEYS.indexOf(written) : Number(numbered[1]);
  if (key < 0 || key >= 65535 || (numbered !== null && key < KEYS.length)) {
    throw reader.fault(
      `${JSON.stringify(written)} is not a parameter of an SVCB record`,
      `Use ${KEYS.join(', ')}, or keyNNN for others.`,
      token,
    );
  }
  const value = quoted ?? { ...token, text: bare };
  reader.refuseLostComment(token);
  return { key, octets: readValue(reader, key, value), token };
}

function readValue(reader: RdataReader, key: number, value: Token): readonly number[] {
  const bad = (remedy: string): Error => reader.fault(`${keyName(key)}=${JSON.stringify(value.text)}`, remedy, value);
  const items = value.text === '' ? [] : value.text.split(',');
  switch (keyName(key)) {
    case 'mandatory': {
      const keys = items
        .map((item) => (/^key[1-9]\d*$/.test(item) ? Number(item.slice(3)) : KEYS.indexOf(item)))
        .sort((a, b) => a - b);
      if (keys.length === 0 || keys.some((one, i) => one <= 0 || one >= 65535 || one === keys[i - 1]))
        throw bad('List other parameters of this record, each once, with commas.');
      return keys.flatMap((one) => [one >> 8, one & 255]);
    }
    case 'alpn':
      return readAlpn(reader, value, bad);
    case 'no-default-alpn':
    case 'ohttp':
      if (value.text !== '') throw bad('It takes no value.');
      return [];
    case 'port':
      if (!/^\d{1,5}$/.test(value.text) || Number(value.text) > 65535) throw bad('Write a port from 0 to 65535.');
      return [Number(value.text) >> 8, Number(value.text) & 255];
    case 'ipv4hint':
      return addresses(items, parseIpv4, () => bad('Write IPv4 addresses with commas.'));
    case 'ipv6hint':
      return addresses(
        items,
        (item) => (/^::ffff:/i.test(item) ? undefined : parseIpv6(item)),
        () => bad('Write IPv6 addresses with commas.'),
      );
    case 'ech':
      if (value.text === '' || value.text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(value.text))
        throw bad('Write the ECHConfigList in base64.');
      return [...Buffer.from(value.text, 'base64')];
    default:
      return reader.text(value);
  }
}

function addresses(
  items: readonly string[],
  parse: (item: string) => readonly number[] | undefined,
  bad: () => Error,
): readonly number[] {
  if (items.length === 0) throw bad();
  return items.flatMap((item) => {
    const octets = parse(item);
    if (octets === undefined) throw bad();
    return octets;
  });
}

/** Protocol ids with commas; a comma or backslash inside an id is escaped once more than elsewhere (RFC 9460 appendix A.1). */
function readAlpn(reader: RdataReader, value: Token, bad: (remedy: string) => Error): readonly number[] {
  const ids: number[][] = [[]];
  const octets = reader.text(value);
  for (let i = 0; i < octets.length; i++) {
    const octet = octets[i] as number;
    if (octet === 0x2c) ids.push([]);
    else if (octet !== 0x5c) ids.at(-1)?.push(octet);
    else {
      const next = octets[++i];
      if (next !== 0x2c && next !== 0x5c)
        throw bad(
          'After a backslash in alpn comes a comma or a backslash, each escaped again: write \\\\, for a comma.',
        );
      ids.at(-1)?.push(next);
    }
  }
  if (ids.some((id) => id.length === 0 || id.length > 255)) throw bad('List protocol ids with commas, e.g. h2,h3.');
  return ids.flatMap((id) => [id.length, ...id]);
}

function checkTogether(reader: RdataReader, params: readonly Param[]): void {
  const has = (key: number): boolean => params.some((param) => param.key === key);
  const mandatory = params.find(({ key }) => key === 0);
  for (let i = 0; mandatory !== undefined && i < mandatory.octets.length; i += 2) {
    const key = ((mandatory.octets[i] ?? 0) << 8) | (mandatory.octets[i + 1] ?? 0);
    if (!has(key))
      throw reader.fault(
        `mandatory names ${keyName(key)}, which the record lacks`,
        `Add ${keyName(key)}, or take it out of mandatory (RFC 9460 §8).`,
        mandatory.token,
      );
  }
  const alone = params.find(({ key }) => key === 2);
  if (alone !== undefined && !has(1))
    throw reader.fault('no-default-alpn without alpn', 'Add alpn (RFC 9460 §7.1.1).', alone.token);
}

function printParam(key: number, octets: Uint8Array): string {
  const wire = new WireReader(octets);
  const list = (size: number, print: (item: Uint8Array) => string): string => {
    const items: string[] = [];
    while (wire.left > 0) items.push(print(wire.take(size)));
    return items.join(',');
  };
  switch (keyName(key)) {
    case 'mandatory':
      return `mandatory=${list(2, ([high = 0, low = 0]) => keyName((high << 8) | low))}`;
    case 'alpn': {
      const ids: string[] = [];
      while (wire.left > 0) ids.push(escapeAlpn(wire.take(wire.uint(1))));
      return `alpn=${quoteText(Buffer.from(ids.join(','), 'latin1'))}`;
    }
    case 'no-default-alpn':
    case 'ohttp':
      return keyName(key);
    case 'port':
      return `port=${wire.uint(2)}`;
    case 'ipv4hint':
      return `ipv4hint=${list(4, formatIpv4)}`;
    case 'ipv6hint':
      return `ipv6hint=${list(16, formatIpv6)}`;
    case 'ech':
      return `ech="${Buffer.from(octets).toString('base64')}"`;
    default:
      return `${keyName(key)}=${quoteText(octets)}`;
  }
}

function escapeAlpn(id: Uint8Array): string {
  return Buffer.from(id).toString('latin1').replace(/[,\\]/g, '\\$&');
}
