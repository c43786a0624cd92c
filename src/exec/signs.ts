/** Finds what our own part of a remote command says among the host's words on stderr: lines that begin with a secret. Pure. */

/** A sign is a short line; what is longer is none. */
const SIGN_BYTES_MAX = 16 * 1024;

/** One line of ours: its words, percent-decoded. */
export type Sign = readonly string[];

export interface Signs {
  readonly signs: readonly Sign[];
  /** What the host's own programs said. */
  readonly rest: Buffer;
}

/**
 * Splits stderr into our signs, `RS nonce word word … LF`, and the rest. The nonce is drawn for each run, so that no host
 * program can know it before it is sent; `until` is the sign after which all that follows is the command's own.
 */
export class SignReader {
  readonly #begin: Buffer;
  readonly #last: string | undefined;
  #held: Buffer = Buffer.alloc(0);
  #isOpen = true;

  constructor(nonce: string, until?: string) {
    this.#begin = Buffer.from(`\x1e${nonce} `);
    this.#last = until;
  }

  push(chunk: Buffer): Signs {
    if (!this.#isOpen) return { signs: [], rest: chunk };
    const signs: Sign[] = [];
    const rest: Buffer[] = [];
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    while (this.#isOpen) {
      const at = bytes.indexOf(this.#begin);
      const end = at === -1 ? -1 : bytes.indexOf(0x0a, at);
      if (end === -1) break;
      rest.push(bytes.subarray(0, at));
      const words = bytes
        .toString('utf8', at + this.#begin.length, end)
        .split(' ')
        .map(decode);
      signs.push(words);
      if (words[0] === this.#last) this.#isOpen = false;
      bytes = bytes.subarray(end + 1);
    }
    const keep = this.#isOpen ? this.#openBytes(bytes) : 0;
    rest.push(bytes.subarray(0, bytes.length - keep));
    this.#held = Buffer.from(bytes.subarray(bytes.length - keep));
    return { signs, rest: Buffer.concat(rest) };
  }

  /** What was held back because it might have become a sign. */
  end(): Buffer {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return held;
  }

  /** How many bytes at the end are, or may become, the beginning of a sign. */
  #openBytes(bytes: Buffer): number {
    const at = bytes.indexOf(this.#begin);
    if (at !== -1) return bytes.length - at > SIGN_BYTES_MAX ? 0 : bytes.length - at;
    const from = Math.max(0, bytes.length - this.#begin.length + 1);
    for (let begin = bytes.indexOf(0x1e, from); begin !== -1; begin = bytes.indexOf(0x1e, begin + 1)) {
      const part = bytes.subarray(begin);
      if (part.equals(this.#begin.subarray(0, part.length))) return part.length;
    }
    return 0;
  }
}

function decode(word: string): string {
  return word.replace(/(?:%[0-9a-f]{2})+/gi, (text) => Buffer.from(text.replaceAll('%', ''), 'hex').toString('utf8'));
}
