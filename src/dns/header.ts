/** `[ttl] [class] type` of a record, the first two in either order (RFC 1035 §5.1). */
import { parseSeconds } from './fields.ts';
import type { Entry, Token } from './lexer.ts';
import { nearest } from './nearest.ts';
import { type Complaint, TTL_MAX } from './reading.ts';
import { CLASSES, TYPE_CODES, typeCode, UNREADABLE_TYPE_CODES } from './type-names.ts';

export interface Header {
  /** Undefined when none is written. */
  readonly ttl: number | undefined;
  readonly code: number;
  /** Index of the first token of the data. */
  readonly next: number;
}

export interface Fault {
  readonly token: Token;
  readonly complaint: Complaint;
}

export function readHeader({ tokens }: Entry, from: number): Header | Fault {
  let ttl: number | undefined;
  let isClassSeen = false;
  for (let i = from; ; i++) {
    const token = tokens[i];
    if (token === undefined) return { token: tokens.at(-1) as Token, complaint: NO_TYPE };
    const upper = token.quoted ? '"' : token.text.toUpperCase();
    const isClass = CLASSES.includes(upper) || (upper.startsWith('CLASS') && /^CLASS\d{1,5}$/.test(upper));
    const code = token.quoted || isClass ? undefined : typeCode(upper);
    if (code !== undefined) return { ttl, code, next: i + 1 };
    const seconds = token.quoted || isClass ? undefined : parseSeconds(token.text);
    if (isClass && !isClassSeen && (upper === 'IN' || upper === 'CLASS1')) isClassSeen = true;
    else if (seconds !== undefined && ttl === undefined && seconds <= TTL_MAX) ttl = seconds;
    else if (isClass) return { token, complaint: badClass(upper, isClassSeen) };
    else return { token, complaint: seconds === undefined ? unknownType(token.text) : badTtl(seconds) };
  }
}

const NO_TYPE: Complaint = {
  code: 'no-type',
  message: 'line without a record type',
  remedy: 'Write owner, type and data, e.g. www IN A 192.0.2.10.',
};

function badClass(written: string, isSecond: boolean): Complaint {
  return {
    code: 'bad-class',
    message: isSecond ? 'class given twice' : `class ${written}`,
    remedy: 'Zones here are of class IN, written once (RFC 1035 §3.2.4).',
  };
}

function badTtl(seconds: number): Complaint {
  return {
    code: 'bad-ttl',
    message: seconds > TTL_MAX ? `TTL of ${seconds} s` : 'TTL given twice',
    remedy: `Write one TTL of at most ${TTL_MAX} s (RFC 2181 §8), then the type.`,
  };
}

function unknownType(written: string): Complaint {
  const upper = written.toUpperCase();
  const code = Object.hasOwn(UNREADABLE_TYPE_CODES, upper) ? UNREADABLE_TYPE_CODES[upper] : undefined;
  if (code !== undefined) {
    const remedy = `Write TYPE${code} \\# LENGTH HEX (RFC 3597 §5).`;
    return { code: 'unknown-type', message: `CoreDNS has no mnemonic ${upper}`, remedy };
  }
  const close = nearest(upper, Object.keys(TYPE_CODES));
  const remedy =
    close === undefined
      ? 'Write owner, type and data, e.g. www IN A 192.0.2.10; a type without a mnemonic is TYPEnnn (RFC 3597).'
      : `Did you mean ${close}? A type without a mnemonic is written TYPEnnn \\# LENGTH HEX (RFC 3597).`;
  return { code: 'unknown-type', message: `${JSON.stringify(written)} is not a record type`, remedy };
}
