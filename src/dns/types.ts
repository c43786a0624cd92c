/** What the data of each record type is made of. A type that is missing here passes only in the generic form (RFC 3597). */
import {
  bareText,
  base64,
  type Field,
  hex,
  ipv4,
  ipv6,
  name,
  quotedText,
  seconds,
  text,
  texts,
  uint8,
  uint16,
  uint32,
  word,
} from './fields.ts';
import { algorithm, certificateType, coveredType, digest, signatureTime, typeBitmap } from './fields-dnssec.ts';
import { location } from './fields-location.ts';
import { addressPrefixes, amtRelay, eui, hostIdentity, ipsecKey, nodeId, twoTexts } from './fields-special.ts';
import { serviceParams } from './fields-svcb.ts';
import { TYPE_CODES } from './type-names.ts';

const DS_OCTETS = { 1: 20, 2: 32, 4: 48 };
const SSHFP_OCTETS = { 1: 20, 2: 32 };
const TLSA_OCTETS = { 1: 32, 2: 64 };
const ZONEMD_OCTETS = { 1: 48, 2: 64 };
const DECIMAL = /^-?\d{1,3}(?:\.\d{1,20})?$/;

const key = [uint16('flags'), uint8('protocol'), uint8('algorithm'), base64('public key')];
const delegation = [uint16('key tag'), algorithm, uint8('digest type'), digest('digest', 1, DS_OCTETS)];
const certificate = [
  uint8('usage'),
  uint8('selector'),
  uint8('matching type'),
  digest('certificate association', 1, TLSA_OCTETS),
];
const signature = [
  coveredType,
  algorithm,
  uint8('labels'),
  uint32('original TTL'),
  signatureTime('expiration'),
  signatureTime('inception'),
  uint16('key tag'),
  name('signer'),
  base64('signature'),
];
const service = [uint16('priority'), name('target'), serviceParams];

const FIELDS: Readonly<Record<string, readonly Field[]>> = {
  A: [ipv4],
  AAAA: [ipv6],
  AFSDB: [uint16('subtype'), name('host')],
  AMTRELAY: [amtRelay],
  APL: [addressPrefixes],
  AVC: [texts],
  CAA: [
    uint8('flags'),
    word('tag', /^[A-Za-z0-9]{1,255}$/, 'Write a tag of letters and digits, e.g. issue.'),
    bareText('value'),
  ],
  CDNSKEY: key,
  CDS: [uint16('key tag'), algorithm, uint8('digest type'), hex('digest')],
  CERT: [certificateType, uint16('key tag'), algorithm, base64('certificate')],
  CNAME: [name('target')],
  CSYNC: [uint32('serial'), uint16('flags'), typeBitmap],
  DHCID: [base64('digest')],
  DLV: delegation,
  DNAME: [name('target')],
  DNSKEY: key,
  DS: delegation,
  EID: [hex('endpoint')],
  EUI48: [eui(6)],
  EUI64: [eui(8)],
  GID: [uint32('group id')],
  GPOS: [
    word('longitude', DECIMAL, 'Write degrees.'),
    word('latitude', DECIMAL, 'Write degrees.'),
    word('altitude', /^-?\d{1,8}(?:\.\d{1,20})?$/, 'Write metres.'),
  ],
  HINFO: [twoTexts('processor', 'operating system')],
  HIP: [hostIdentity],
  HTTPS: service,
  IPSECKEY: [ipsecKey],
  ISDN: [twoTexts('address', 'subaddress')],
  KEY: key,
  KX: [uint16('preference'), name('exchanger')],
  L32: [uint16('preference'), ipv4],
  L64: [uint16('preference'), nodeId],
  LOC: [location],
  LP: [uint16('preference'), name('target')],
  MB: [name('host')],
  MD: [name('host')],
  MF: [name('host')],
  MG: [name('mailbox')],
  MINFO: [name('responsible mailbox'), name('error mailbox')],
  MR: [name('mailbox')],
  MX: [uint16('preference'), name('mail server')],
  NAPTR: [
    uint16('order'),
    uint16('preference'),
    quotedText('flags'),
    quotedText('service'),
    quotedText('regexp'),
    name('replacement'),
  ],
  NID: [uint16('preference'), nodeId],
  NIMLOC: [hex('locator')],
  NINFO: [texts],
  NS: [name('name server')],
  'NSAP-PTR': [name('target')],
  NSEC: [name('next name'), typeBitmap],
  NXT: [name('next name'), typeBitmap],
  OPENPGPKEY: [base64('key')],
  PTR: [name('target')],
  PX: [uint16('preference'), name('RFC 822 name'), name('X.400 name')],
  RESINFO: [texts],
  RKEY: key,
  RP: [name('mailbox'), name('text name')],
  RRSIG: signature,
  RT: [uint16('preference'), name('host')],
  SIG: signature,
  SMIMEA: certificate,
  SOA: [
    name('primary name server'),
    name('mailbox'),
    uint32('serial'),
    seconds('refresh'),
    seconds('retry'),
    seconds('expire'),
    seconds('minimum'),
  ],
  SPF: [texts],
  SRV: [uint16('priority'), uint16('weight'), uint16('port'), name('target')],
  SSHFP: [uint8('algorithm'), uint8('fingerprint type'), digest('fingerprint', 1, SSHFP_OCTETS)],
  SVCB: service,
  TA: delegation,
  TALINK: [name('previous name'), name('next name')],
  TLSA: certificate,
  TXT: [texts],
  UID: [uint32('user id')],
  UINFO: [text('user information')],
  URI: [uint16('priority'), uint16('weight'), bareText('target')],
  X25: [word('address', /^\d{4,255}$/, 'Write the digits of the address.')],
  ZONEMD: [uint32('serial'), uint8('scheme'), uint8('hash algorithm'), digest('digest', 1, ZONEMD_OCTETS)],
};

const BY_CODE = new Map(Object.entries(FIELDS).map(([type, fields]) => [TYPE_CODES[type] as number, fields]));

/** The fields of a type; undefined for a type whose data we do not know. */
export function fieldsOf(code: number): readonly Field[] | undefined {
  return BY_CODE.get(code);
}

/** Names in the data of these types are taken in lower case by CoreDNS's file plugin (plugin/file/zone.go, Insert). */
const FOLDED = new Set(['NS', 'SOA', 'CNAME', 'MX', 'SVCB', 'HTTPS'].map((type) => TYPE_CODES[type]));

export function foldsNames(code: number): boolean {
  return FOLDED.has(code);
}

/** Types whose texts may stand side by side without a blank. */
const TEXTUAL = new Set(['TXT', 'SPF', 'AVC', 'NINFO', 'RESINFO'].map((type) => TYPE_CODES[type]));

export function isTextual(code: number): boolean {
  return TEXTUAL.has(code);
}
