/** Output as it comes, each line with its host in front. Lines of different hosts never mix. Pure but for its buffers. */
import { printable } from './sanitize.ts';

export interface LinePrefixerOptions {
  /** `ns1: `; empty: bytes pass as they are. */
  readonly prefix: string;
  /** Neutralises what a terminal would obey. */
  readonly isTerminal: boolean;
}

/** A line that is longer is broken: memory stays bounded when a host sends no newline at all. */
const LINE_BYTES_MAX = 64 * 1024;

export class LinePrefixer {
  readonly #options: LinePrefixerOptions;
  readonly #latin1Prefix: string;
  #rest: Buffer = Buffer.alloc(0);

  constructor(options: LinePrefixerOptions) {
    this.#options = options;
    this.#latin1Prefix = Buffer.from(options.prefix).toString('latin1');
  }

  /** What may be written now: whole lines. */
  push(chunk: Buffer): Buffer {
    const { prefix, isTerminal } = this.#options;
    if (prefix === '' && !isTerminal) return chunk;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    const open = bytes.subarray(end);
    if (open.length < LINE_BYTES_MAX) {
      this.#rest = Buffer.from(open);
      return this.#lines(bytes.subarray(0, end));
    }
    this.#rest = Buffer.alloc(0);
    return Buffer.concat([this.#lines(bytes.subarray(0, end)), this.#line(open)]);
  }

  /** The last line, if it had no newline. */
  end(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.length === 0 ? rest : this.#line(rest);
  }

  #line(bytes: Buffer): Buffer {
    return this.#lines(Buffer.concat([bytes, Buffer.from('\n')]));
  }

  /** `bytes` end with a newline, or are empty. */
  #lines(bytes: Buffer): Buffer {
    if (bytes.length === 0) return bytes;
    const { prefix, isTerminal } = this.#options;
    if (isTerminal) {
      const lines = bytes.toString('utf8', 0, bytes.length - 1).split('\n');
      return Buffer.from(`${lines.map((line) => prefix + printable(line)).join('\n')}\n`);
    }
    // latin1 keeps every byte, whatever the encoding, and is the fastest way to insert one text into another.
    const text = bytes.toString('latin1', 0, bytes.length - 1).replaceAll('\n', `\n${this.#latin1Prefix}`);
    return Buffer.from(`${this.#latin1Prefix}${text}\n`, 'latin1');
  }
}
