/** Words of a POSIX shell: the only place where a value becomes part of a command line. */
import { QuoteError } from './errors.ts';

/** Characters that mean themselves everywhere in a word. `=` is left out: in front of a command it would be an assignment. */
const PLAIN = /^[A-Za-z0-9_/:.,@%+-]+$/;

/** POSIX.1-2024 XCU 2.4, and those that bash and ksh add: special only as the first word, and only unquoted. */
const RESERVED = new Set(
  'if then else elif fi do done case esac while until for in function select time coproc namespace'.split(' '),
);

/**
 * One shell word that stands for exactly `value`, any bytes but NUL, newlines included.
 * @throws QuoteError for a NUL byte, which no argument of a Unix program can hold.
 */
export function quote(value: string): string {
  if (value.includes('\0')) {
    throw new QuoteError(`a command's argument has a NUL byte: ${JSON.stringify(value.slice(0, 60))}`, {
      remedy: 'Take the NUL byte out of the value; data with NUL bytes goes to a command on stdin.',
    });
  }
  if (PLAIN.test(value)) return value;
  // Inside '…' nothing is special but the quote itself: 'it'\''s'.
  return `'${value.replaceAll("'", "'\\''")}'`;
}

/** A command line that runs `argv` as it stands: `argv[0]` is never taken for a keyword or an assignment. */
export function quoteArgv(argv: readonly string[]): string {
  return argv.map((word, index) => (index === 0 && RESERVED.has(word) ? `'${word}'` : quote(word))).join(' ');
}
