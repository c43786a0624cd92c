/** Parses an RFC 1035 master file into a zone, and names every problem with its place. CoreDNS 1.15.0 is the referee (docs/dns.md). */
import { checkZone } from './checks.ts';
import { readDirective } from './directives.ts';
import { readHeader } from './header.ts';
import { type Entry, lex, type Token } from './lexer.ts';
import { misread } from './misread.ts';
import { foldName, parseName } from './names.ts';
import { ProblemLog, type ZoneProblem } from './problems.ts';
import { readRdata } from './rdata.ts';
import { RdataFault } from './rdata-reader.ts';
import type { Complaint, FileState, MasterFileReader } from './reading.ts';
import { typeName } from './type-names.ts';
import type { Zone, ZoneRecord } from './zone.ts';

export interface ParseOptions {
  /** As messages name it; relative $INCLUDE paths start from its folder. */
  readonly file: string;
  /** The zone's name, with or without the dot at its end. */
  readonly origin: string;
  /** The text of an included file. Throws when it cannot be read. */
  readonly include?: (path: string) => string;
  /** Gives the zone in spite of errors, as far as it could be read: to show what differs, never to serve it. */
  readonly lenient?: boolean;
}

export interface ParseResult {
  /** Undefined as soon as one problem is an error. */
  readonly zone?: Zone;
  /** Everything that is wrong, in the order of the file. */
  readonly problems: readonly ZoneProblem[];
}

export function parseZone(text: string, options: ParseOptions): ParseResult {
  const parser = new MasterFileParser(options);
  return parser.parse(text);
}

class MasterFileParser implements MasterFileReader {
  private readonly options: ParseOptions;
  private readonly log = new ProblemLog();
  private readonly records: ZoneRecord[] = [];
  /** Owners of records that could not be read; '' stands for an owner that is not known either. */
  private readonly lost = new Set<string>();

  constructor(options: ParseOptions) {
    this.options = options;
  }

  parse(text: string): ParseResult {
    const apex = foldName(`${this.options.origin.replace(/\.$/, '')}.`);
    this.readText(text, {
      file: this.options.file,
      depth: 0,
      origin: apex,
      ttl: undefined,
      owner: undefined,
      isOwnerBad: false,
    });
    const zone = checkZone({ apex, file: this.options.file, records: this.records, lost: this.lost }, this.log);
    return {
      ...(zone === undefined || (this.log.hasErrors && this.options.lenient !== true) ? {} : { zone }),
      problems: this.log.all(),
    };
  }

  include(path: string): string {
    if (this.options.include === undefined) throw new Error('files cannot be included here');
    return this.options.include(path);
  }

  /** Reads a whole file: the one that was given, or an included one. */
  readText(text: string, state: FileState): void {
    this.log.addSource(state.file, text);
    if (text.startsWith('\ufeff')) {
      this.report(
        state,
        { line: 1, column: 1 },
        {
          code: 'byte-order-mark',
          message: 'byte order mark at the start of the file',
          remedy: 'Save the file as UTF-8 without a byte order mark.',
        },
      );
    }
    this.readEntries(text.replace(/^\ufeff/, ''), state);
  }

  readEntries(text: string, state: FileState): void {
    const { entries, faults } = lex(text);
    for (const fault of faults) this.report(state, fault, fault);
    if (faults.length > 0) this.lost.add('');
    for (const entry of entries) this.readEntry(entry, state);
  }

  report(state: FileState, token: Pick<Token, 'line' | 'column'>, complaint: Complaint): void {
    const at = state.generatedBy ?? token;
    // Named one by one: the message of an Error is not enumerable.
    const { code, message, remedy, severity } = complaint;
    this.log.add({
      code,
      message,
      remedy,
      ...(severity === undefined ? {} : { severity }),
      where: { file: state.file, line: at.line, column: at.column },
    });
  }

  private readEntry(entry: Entry, state: FileState): void {
    const first = entry.tokens[0];
    if (first === undefined) return;
    if (!entry.indented && !first.quoted && first.text.startsWith('$')) readDirective(this, entry, state);
    else this.readRecord(entry, first, state);
  }

  private readRecord(entry: Entry, first: Token, state: FileState): void {
    const owner = this.readOwner(entry, first, state);
    const header = readHeader(entry, entry.indented ? 0 : 1);
    const fault = 'complaint' in header ? header : misread(entry, header.code, header.next - 1);
    if (fault !== undefined) this.lose(state, fault.token, fault.complaint);
    if ('complaint' in header || fault !== undefined) return;
    const ttl = this.ttlOf(header.ttl, first, state);
    try {
      const rdata = readRdata(header.code, entry.tokens.slice(header.next), state.origin);
      if (owner === undefined) return;
      const at = state.generatedBy ?? first;
      const type = typeName(header.code);
      const isRelative = !entry.indented && first.text !== '@' && !first.text.endsWith('.');
      this.records.push({
        owner: type === 'SRV' ? owner : foldName(owner),
        ttl,
        type,
        code: header.code,
        data: rdata.data,
        octets: rdata.octets,
        names: rdata.names,
        where: { file: state.file, line: at.line, column: at.column },
        ownerWritten: isRelative ? first.text : undefined,
      });
    } catch (error) {
      if (!(error instanceof RdataFault)) throw error;
      this.lose(state, error.token ?? entry.tokens[header.next - 1] ?? first, error);
    }
  }

  /** Reports a record that cannot be taken, and remembers that its owner may not be as empty as it looks. */
  private lose(state: FileState, token: Token, complaint: Complaint): void {
    this.lost.add(state.owner === undefined ? '' : foldName(state.owner));
    this.report(state, token, complaint);
  }

  private readOwner(entry: Entry, first: Token, state: FileState): string | undefined {
    if (entry.indented) {
      if (state.owner === undefined && !state.isOwnerBad) {
        const remedy =
          'A line that begins with a blank continues the owner of the record before it, and this file has none before it. Write the owner first.';
        this.lose(state, first, { code: 'no-owner', message: 'record without an owner', remedy });
      }
      return state.owner;
    }
    const parsed = first.quoted
      ? { fault: 'owner in quotes', remedy: 'Remove the quotes.' }
      : parseName(first.text, state.origin);
    state.isOwnerBad = 'fault' in parsed;
    state.owner = 'fault' in parsed ? undefined : parsed.name;
    if ('fault' in parsed) this.lose(state, first, { code: 'bad-name', message: parsed.fault, remedy: parsed.remedy });
    return state.owner;
  }

  private ttlOf(written: number | undefined, first: Token, state: FileState): number {
    if (written !== undefined) {
      if (state.ttl?.isDirective !== true) state.ttl = { seconds: written, isDirective: false };
      return written;
    }
    if (state.ttl === undefined) {
      this.report(state, first, {
        code: 'no-ttl',
        message: 'record without a TTL',
        remedy:
          'Write $TTL 3600 (or another time) at the top of the file (RFC 2308 §4); CoreDNS would serve the record with TTL 0.',
      });
      // Said once: the records after it take the same.
      state.ttl = { seconds: 0, isDirective: false };
    }
    return state.ttl.seconds;
  }
}
