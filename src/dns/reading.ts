/** What the reading of a master file shares between records and directives. */
import type { Token } from './lexer.ts';
import type { Found } from './problems.ts';

/** RFC 2181 §8: larger values count as zero. Seconds. */
export const TTL_MAX = 2 ** 31 - 1;

/** One file, or the lines of one $GENERATE, while they are read. */
export interface FileState {
  readonly file: string;
  /** Nesting of $INCLUDE. */
  readonly depth: number;
  origin: string;
  /** What a record without a TTL gets. */
  ttl: { readonly seconds: number; readonly isDirective: boolean } | undefined;
  /** What a line that begins with a blank continues. */
  owner: string | undefined;
  /** There was an owner, but it could not be read: lines that continue it are not complained of. */
  isOwnerBad: boolean;
  /** The $GENERATE that these lines come from. */
  readonly generatedBy?: Token;
}

export type Complaint = Pick<Found, 'code' | 'message' | 'remedy' | 'severity'>;

export interface MasterFileReader {
  /** The text of an included file; throws when it cannot be read. */
  include(path: string): string;
  readText(text: string, state: FileState): void;
  readEntries(text: string, state: FileState): void;
  /** Reports at a token, or at the $GENERATE that made it. */
  report(state: FileState, token: Pick<Token, 'line' | 'column'>, complaint: Complaint): void;
}
