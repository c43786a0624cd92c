/** Places where CoreDNS 1.15.0 (miekg/dns 1.1.73, scan.go) reads other words than stand there: such lines are refused. */
import type { Fault } from './header.ts';
import type { Entry, Token } from './lexer.ts';
import type { Complaint } from './reading.ts';
import { isKeyword, typeName } from './type-names.ts';
import { isTextual } from './types.ts';

/** `typeAt`: index of the token with the record's type. */
export function misread(entry: Entry, code: number, typeAt: number): Fault | undefined {
  for (const [i, token] of entry.tokens.entries()) {
    const before = entry.tokens[i - 1];
    if (token.glued && before !== undefined && !mayTouch(before, token, code)) {
      return { token, complaint: before.line === token.line ? noBlank(token) : NOT_INDENTED };
    }
    if (i > typeAt && token.afterComment && !token.quoted && isKeyword(token.text)) {
      return { token, complaint: keywordAfterComment(token) };
    }
    if (!token.quoted && /^(?:\\[\\;"() \t])+$/.test(token.text)) return { token, complaint: escapeAlone(token) };
  }
  const isGeneric = entry.tokens[typeAt + 1]?.text === '\\#';
  if (typeName(code) !== 'IPSECKEY' || entry.blankLineFollows || isGeneric) return undefined;
  return { token: entry.tokens.at(-1) as Token, complaint: IPSECKEY };
}

/** Strings side by side in TXT, and `key="value"` in SVCB, need no blank. */
function mayTouch(before: Token, token: Token, code: number): boolean {
  if (!token.quoted) return false;
  return before.quoted ? isTextual(code) : before.text.endsWith('=') && ['SVCB', 'HTTPS'].includes(typeName(code));
}

function noBlank(token: Token): Complaint {
  const remedy = 'Separate the two with a blank: CoreDNS joins or drops them.';
  return { code: 'no-blank', message: `no blank before ${JSON.stringify(token.text)}`, remedy };
}

const NOT_INDENTED: Complaint = {
  code: 'not-indented',
  message: 'line inside parentheses that is not indented',
  remedy: 'Begin it with a blank: CoreDNS joins its first word to the last one of the line before.',
};

function keywordAfterComment(token: Token): Complaint {
  return {
    code: 'keyword-after-comment',
    message: `${JSON.stringify(token.text)} on a line after a comment`,
    remedy: 'CoreDNS takes it for a record type or class here. Move the comment before the record.',
  };
}

function escapeAlone(token: Token): Complaint {
  const remedy = 'CoreDNS loses the blank after it. Write it with \\DDD.';
  return { code: 'bad-escape', message: `${JSON.stringify(token.text)} stands alone`, remedy };
}

const IPSECKEY: Complaint = {
  code: 'ipseckey',
  message: 'IPSECKEY record without an empty line after it',
  remedy:
    'CoreDNS 1.15.0 swallows the beginning of the next line. Add an empty line, or write IPSECKEY \\# LENGTH HEX.',
};
