/** Mnemonics and numbers of record types, as CoreDNS 1.15.0 (miekg/dns 1.1.73) knows them. */

/** Types that stand in zones. */
export const TYPE_CODES: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  'NSAP-PTR': 23,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  SRV: 33,
  ATMA: 34,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  UINFO: 100,
  UID: 101,
  GID: 102,
  UNSPEC: 103,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  URI: 256,
  CAA: 257,
  AVC: 258,
  AMTRELAY: 260,
  RESINFO: 261,
  TA: 32768,
  DLV: 32769,
};

/** Types of queries and of messages: never data of a zone (RFC 6895 §3.1). */
export const META_TYPE_CODES: Readonly<Record<string, number>> = {
  NULL: 10,
  OPT: 41,
  NXNAME: 128,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
};

/** Assigned types that this CoreDNS has no mnemonic for: they pass as TYPEnnn in the generic form (RFC 3597). */
export const UNREADABLE_TYPE_CODES: Readonly<Record<string, number>> = {
  WKS: 11,
  NSAP: 22,
  A6: 38,
  SINK: 40,
  DSYNC: 66,
  HHIT: 67,
  BRID: 68,
  DOA: 259,
  WALLET: 262,
  CLA: 263,
  IPN: 264,
};

export const CLASSES: readonly string[] = ['IN', 'CS', 'CH', 'HS', 'NONE', 'ANY'];

const CODES = new Map([...Object.entries(TYPE_CODES), ...Object.entries(META_TYPE_CODES)]);
const NAMES = new Map([...CODES].map(([name, code]) => [code, name]));

/** The number behind a mnemonic or TYPEnnn, in any case; undefined for anything else. */
export function typeCode(written: string): number | undefined {
  const upper = written.toUpperCase();
  const known = CODES.get(upper);
  if (known !== undefined || !upper.startsWith('TYPE')) return known;
  const match = /^TYPE(\d{1,5})$/.exec(upper);
  const code = match === null ? Number.NaN : Number(match[1]);
  return code <= 0xffff ? code : undefined;
}

/** The mnemonic, or TYPEnnn. */
export function typeName(code: number): string {
  return NAMES.get(code) ?? `TYPE${code}`;
}

/** OPT, the QTYPEs and the reserved codes around them (RFC 6895 §3.1); NULL may not stand in a master file (RFC 1035 §3.3.10). */
export function isMetaType(code: number): boolean {
  return code === 0 || code === 10 || code === 41 || (code >= 128 && code <= 255) || code === 65535;
}

/** Words that CoreDNS's lexer takes for types or classes wherever it still expects one, also in directives. */
export function isKeyword(text: string): boolean {
  const upper = text.toUpperCase();
  return (
    typeCode(upper) !== undefined || CLASSES.includes(upper) || upper.startsWith('TYPE') || upper.startsWith('CLASS')
  );
}
