/** Splits a master file (RFC 1035 §5.1) into entries of tokens, each with its place. Parentheses, quotes and comments end here. */

/** What CoreDNS 1.15.0 (miekg/dns) reads otherwise than everybody else is refused: a file must mean the same to both. */
export interface Token {
  /** Without the quotes; escapes are left as written. */
  readonly text: string;
  readonly quoted: boolean;
  readonly line: number;
  readonly column: number;
  /** No blank stands between this token and the one before it in the entry. */
  readonly glued: boolean;
  /** A `;` follows at once: what was meant as data may have become a comment. */
  readonly beforeComment: boolean;
  /** Stands on a line after a comment inside parentheses, where CoreDNS takes record types and classes for keywords again. */
  readonly afterComment: boolean;
}

/** One record or directive: a line, or several inside parentheses. */
export interface Entry {
  readonly tokens: readonly Token[];
  /** Begins with a blank: the owner of the record before it. */
  readonly indented: boolean;
  readonly line: number;
  /** The line after its last one holds nothing but a comment, or there is none. */
  readonly blankLineFollows: boolean;
}

export interface LexFault {
  readonly code: 'control-character' | 'unclosed-quote' | 'unbalanced-parenthesis' | 'bad-escape' | 'carriage-return';
  readonly message: string;
  readonly remedy: string;
  readonly line: number;
  readonly column: number;
}

/** Faults do not end the reading: what they spoil is left out, and reading goes on with the next line. */
export function lex(text: string): { readonly entries: readonly Entry[]; readonly faults: readonly LexFault[] } {
  const lexer = new Lexer(text);
  lexer.run();
  return lexer;
}

interface Place {
  readonly line: number;
  readonly column: number;
}

const WORD = /[^ \t;()"\\\x00-\x1f\x7f]*/y;
const END_OF_WORD = /[ \t\r\n;()"]/;
const QUOTED = /[^"\\\x00-\x08\x0a-\x1f\x7f]*/y;
const BLANK_LINE = /[ \t]*(?:;[^\n]*)?(?:\r?\n|$)/y;

function runEnd(run: RegExp, text: string, from: number): number {
  run.lastIndex = from;
  run.test(text);
  return run.lastIndex;
}

class Lexer {
  readonly entries: Entry[] = [];
  readonly faults: LexFault[] = [];
  private readonly text: string;
  private at = 0;
  private line = 1;
  private lineStart = 0;
  private tokens: Token[] = [];
  private indented = false;
  /** Where each open parenthesis stands. */
  private open: Place[] = [];
  private blankBefore = true;
  private commentSeen = false;
  private faulty = false;

  constructor(text: string) {
    this.text = text;
  }

  run(): void {
    while (this.at < this.text.length) this.step(this.text[this.at] as string);
    const open = this.open[0];
    if (open !== undefined) {
      this.fault(
        'unbalanced-parenthesis',
        'parenthesis is never closed',
        'Close it with ")" where the record ends.',
        open,
      );
      this.faulty = true;
    }
    this.endEntry();
  }

  private step(char: string): void {
    switch (char) {
      case ' ':
      case '\t':
        if (this.tokens.length === 0) this.indented = true;
        this.blankBefore = true;
        this.at++;
        break;
      case '\r':
        if (this.text[this.at + 1] !== '\n')
          this.fault('carriage-return', 'carriage return inside a line', 'End lines with a newline.', this.place());
        this.at++;
        break;
      case '\n':
        this.endLine();
        break;
      case ';':
        this.skipComment();
        break;
      case '(':
        this.open.push(this.place());
        this.at++;
        break;
      case ')':
        if (this.open.pop() === undefined)
          this.fault(
            'unbalanced-parenthesis',
            '")" without "("',
            'Remove it, or open the parenthesis before.',
            this.place(),
          );
        this.at++;
        break;
      case '"':
        this.readQuoted();
        break;
      default:
        this.readWord();
    }
  }

  private endLine(): void {
    this.at++;
    this.line++;
    this.lineStart = this.at;
    if (this.open.length === 0) this.endEntry();
  }

  private endEntry(): void {
    const first = this.tokens[0];
    if (first !== undefined && !this.faulty) {
      BLANK_LINE.lastIndex = this.at;
      this.entries.push({
        tokens: this.tokens,
        indented: this.indented,
        line: first.line,
        blankLineFollows: BLANK_LINE.test(this.text),
      });
    }
    this.tokens = [];
    this.indented = false;
    this.blankBefore = true;
    this.commentSeen = false;
    this.faulty = false;
  }

  private skipComment(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end === -1 ? this.text.length : end;
    if (this.tokens.length > 0 && this.open.length > 0) this.commentSeen = true;
  }

  private readQuoted(): void {
    const place = this.place();
    let end = this.at + 1;
    for (;;) {
      end = runEnd(QUOTED, this.text, end);
      const char = this.text[end];
      if (char === '"') break;
      if (char === '\\' && !/[\r\n]/.test(this.text[end + 1] ?? '\n')) end += 2;
      else {
        if (char === undefined || /[\r\n\\]/.test(char)) this.refuseOpenQuote(end, place);
        else this.refuseControl(end);
        return;
      }
    }
    this.push(this.text.slice(this.at + 1, end), true, place);
    this.at = end + 1;
  }

  private readWord(): void {
    const place = this.place();
    let end = this.at;
    for (;;) {
      end = runEnd(WORD, this.text, end);
      const char = this.text[end] ?? '\n';
      if (END_OF_WORD.test(char)) break;
      if (char !== '\\') {
        this.refuseControl(end);
        return;
      }
      if (/[\r\n]/.test(this.text[end + 1] ?? '\n')) {
        this.fault(
          'bad-escape',
          'backslash at the end of the line',
          'A backslash does not continue a line: use parentheses.',
          place,
        );
        this.at = end + 1;
        return;
      }
      end += 2;
    }
    this.push(this.text.slice(this.at, end), false, place);
    this.at = end;
  }

  private push(text: string, quoted: boolean, place: Place): void {
    const next = quoted ? undefined : this.text[this.at + text.length];
    this.tokens.push({
      text,
      quoted,
      line: place.line,
      column: place.column,
      glued: !this.blankBefore && this.tokens.length > 0,
      beforeComment: next === ';',
      afterComment: this.commentSeen,
    });
    this.blankBefore = false;
  }

  /** The rest of the record is unreadable, and so would be every quote after it: the record ends here. */
  private refuseOpenQuote(end: number, place: Place): void {
    this.fault(
      'unclosed-quote',
      'quote is not closed on its line',
      'Close it with " on the same line; longer text is written as several quoted strings.',
      place,
    );
    this.at = this.text[end] === '\\' ? end + 1 : end;
    this.open = [];
  }

  private refuseControl(at: number): void {
    const code = this.text.charCodeAt(at).toString(16).padStart(2, '0');
    this.fault(
      'control-character',
      `control character 0x${code}`,
      `Remove it, or write it as \\${String(this.text.charCodeAt(at)).padStart(3, '0')}.`,
      { line: this.line, column: at - this.lineStart + 1 },
    );
    const end = this.text.indexOf('\n', at);
    this.at = end === -1 ? this.text.length : end;
  }

  private place(): Place {
    return { line: this.line, column: this.at - this.lineStart + 1 };
  }

  private fault(code: LexFault['code'], message: string, remedy: string, place: Place): void {
    this.faults.push({ code, message, remedy, ...place });
    this.faulty = true;
  }
}
