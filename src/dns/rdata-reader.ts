/** Reads the data of one record token by token, and collects its octets. Faults name the token. */
import type { Token } from './lexer.ts';
import { badEscape, foldName, nameToWire, parseName, readEscape } from './names.ts';

/** Why the data of a record cannot be taken. Caught by the parser, which knows file and line. */
export class RdataFault extends Error {
  readonly code: string;
  readonly remedy: string;
  readonly token: Token | undefined;

  constructor(code: string, message: string, remedy: string, token?: Token) {
    super(message);
    this.code = code;
    this.remedy = remedy;
    this.token = token;
  }
}

/** A name in the data, as written and as meant: what checks of dangling targets and lost dots look at. */
export interface NameUse {
  /** Absolute, canonical presentation form. */
  readonly name: string;
  /** As in the file; undefined when it came in the generic form of RFC 3597. */
  readonly written?: string;
}

const TEXT_OCTETS_MAX = 255;
const encoder = new TextEncoder();

export class RdataReader {
  readonly octets: number[] = [];
  /** Canonical presentation form, as far as fields have it at hand. */
  readonly words: string[] = [];
  readonly names: NameUse[] = [];
  private readonly tokens: readonly Token[];
  private readonly origin: string;
  private readonly type: string;
  private readonly foldsNames: boolean;
  private at = 0;

  /** `foldsNames`: names are taken in lower case, as CoreDNS does for some types. */
  constructor(type: string, tokens: readonly Token[], origin: string, foldsNames = false) {
    this.type = type;
    this.tokens = tokens;
    this.origin = origin;
    this.foldsNames = foldsNames;
  }

  get isAtEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  peek(): Token | undefined {
    return this.tokens[this.at];
  }

  fault(message: string, remedy: string, token?: Token, code = 'bad-data'): RdataFault {
    return new RdataFault(code, message, remedy, token);
  }

  /** The next token, quoted or not. */
  token(what: string): Token {
    const token = this.tokens[this.at];
    if (token === undefined) {
      throw this.fault(
        `${this.type} record without its ${what}`,
        `Write the ${what} at the end of the record.`,
        this.tokens.at(-1),
        'missing-data',
      );
    }
    this.at++;
    return token;
  }

  /** The next token, which must not be quoted. */
  word(what: string): Token {
    const token = this.token(what);
    if (!token.quoted) return token;
    throw this.fault(`${what} of the ${this.type} record in quotes`, 'Remove the quotes.', token);
  }

  quoted(what: string): Token {
    const token = this.token(what);
    if (token.quoted) return token;
    throw this.fault(
      `${what} of the ${this.type} record without quotes`,
      `Write "${token.text}": CoreDNS reads it only in quotes.`,
      token,
    );
  }

  number(what: string, max: number): number {
    const token = this.word(what);
    if (/^\d+$/.test(token.text) && Number(token.text) <= max) return Number(token.text);
    throw this.fault(
      `${what} ${JSON.stringify(token.text)} of the ${this.type} record is not a number from 0 to ${max}`,
      `Write a number from 0 to ${max}.`,
      token,
    );
  }

  uint(value: number, octets: number): void {
    for (let shift = octets - 1; shift >= 0; shift--) this.octets.push(Math.floor(value / 2 ** (8 * shift)) % 256);
  }

  /** The name as it is served. */
  name(what: string): string {
    const token = this.word(what);
    const parsed = parseName(token.text, this.origin);
    if ('fault' in parsed)
      throw this.fault(`${what} of the ${this.type} record: ${parsed.fault}`, parsed.remedy, token);
    const served = this.foldsNames ? foldName(parsed.name) : parsed.name;
    this.names.push({ name: parsed.name, written: token.text });
    for (const octet of nameToWire(served)) this.octets.push(octet);
    return served;
  }

  /** Octets of a token: escapes resolved, the rest as UTF-8. */
  text(token: Token): number[] {
    if (!token.text.includes('\\')) return Array.from(encoder.encode(token.text));
    const octets: number[] = [];
    for (let i = 0; i < token.text.length; i++) {
      if (token.text[i] !== '\\') {
        const point = String.fromCodePoint(token.text.codePointAt(i) as number);
        octets.push(...encoder.encode(point));
        i += point.length - 1;
        continue;
      }
      const escaped = readEscape(token.text, i + 1);
      if (escaped === undefined) {
        const { fault, remedy } = badEscape(token.text.slice(i, i + 4));
        throw this.fault(fault, remedy, token, 'bad-escape');
      }
      octets.push(escaped.octet.charCodeAt(0));
      i += escaped.length;
    }
    return octets;
  }

  /** A character-string (RFC 1035 §3.3) with its length octet. */
  characterString(token: Token): void {
    const octets = this.text(token);
    if (octets.length > TEXT_OCTETS_MAX) {
      throw this.fault(
        `text of ${octets.length} octets in one string`,
        `One string has at most ${TEXT_OCTETS_MAX} octets (RFC 1035 §3.3). Write several quoted strings in the same record: readers join them without a space.`,
        token,
        'long-string',
      );
    }
    this.refuseLostComment(token);
    this.octets.push(octets.length, ...octets);
  }

  /** Unquoted text up to a `;`: the rest would silently be a comment. */
  refuseLostComment(token: Token): void {
    if (!token.beforeComment) return;
    throw this.fault(
      `the text after ${JSON.stringify(token.text)} is a comment`,
      'A ";" outside quotes begins a comment (RFC 1035 §5.1). Put the text in quotes, or a blank before a comment.',
      token,
      'lost-data',
    );
  }

  /** All remaining words joined, as base64 and hex may be written. */
  restJoined(what: string): { readonly text: string; readonly token: Token } {
    const token = this.word(what);
    let text = token.text;
    while (!this.isAtEnd) text += this.word(what).text;
    return { text, token };
  }

  hexRest(what: string): number {
    const { text, token } = this.restJoined(what);
    if (text.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(text))
      throw this.fault(
        `${what} of the ${this.type} record is not hexadecimal`,
        'Write an even number of digits 0–9 and a–f.',
        token,
      );
    this.octets.push(...Buffer.from(text, 'hex'));
    return text.length / 2;
  }

  base64Rest(what: string): void {
    const { text, token } = this.restJoined(what);
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
      throw this.fault(
        `${what} of the ${this.type} record is not base64`,
        'Write it as RFC 4648 §4 says, with "=" at the end where it is needed.',
        token,
      );
    this.octets.push(...Buffer.from(text, 'base64'));
  }

  /** Nothing may follow. */
  end(): void {
    const token = this.tokens[this.at];
    if (token !== undefined)
      throw this.fault(
        `${JSON.stringify(token.text)} after the end of the ${this.type} record`,
        'Remove it, or put it behind a ";" as a comment.',
        token,
        'extra-data',
      );
  }
}
