/** What is kept of one stream of a host: its beginning and its end, and a fingerprint of all of it. Bounded memory. */
import { createHash, type Hash } from 'node:crypto';

/** Kept of the beginning of each stream of each host. */
export const HEAD_BYTES_MAX = 1024 * 1024;
/** Kept of its end once the beginning is full: where programs say what went wrong. */
export const TAIL_BYTES_MAX = 64 * 1024;

/** It reads every byte of a command that prints a gigabyte; with the CPU's own instructions it is OpenSSL's fastest. */
const HASH = 'sha256';

/** The bytes that were kept, and where something is missing. */
export interface Kept {
  readonly head: Buffer;
  /** Empty unless `cutBytes` is above 0, or the stream is a little longer than its head. */
  readonly tail: Buffer;
  /** Bytes that the host sent between head and tail, and that are gone. */
  readonly cutBytes: number;
  /** Everything that the host sent. */
  readonly totalBytes: number;
  /** Equal for equal streams, whatever was cut. */
  readonly fingerprint: string;
}

export class KeptOutput {
  readonly #headMax: number;
  readonly #tailMax: number;
  #head: Buffer[] = [];
  #headBytes = 0;
  /** A ring: made when it is needed, never again. */
  #tail: Buffer | undefined;
  #afterHeadBytes = 0;
  /** Only streams that outgrow their head need it: the others are compared as they are. */
  #hash: Hash | undefined;

  constructor(headMax: number = HEAD_BYTES_MAX, tailMax: number = TAIL_BYTES_MAX) {
    this.#headMax = headMax;
    this.#tailMax = tailMax;
  }

  push(chunk: Buffer): void {
    const room = this.#headMax - this.#headBytes;
    if (room > 0) this.#keepHead(chunk.subarray(0, room));
    if (chunk.length > room) this.#keepTail(chunk.subarray(room));
  }

  get(): Kept {
    const head = Buffer.concat(this.#head);
    const tail = this.#tailBytes();
    return {
      head,
      tail,
      cutBytes: this.#afterHeadBytes - tail.length,
      totalBytes: head.length + this.#afterHeadBytes,
      // Never equal to each other: the one holds the stream itself, which is shorter than any that has a hash.
      fingerprint: this.#hash === undefined ? `=${head.toString('latin1')}` : `#${this.#hash.copy().digest('hex')}`,
    };
  }

  #keepHead(bytes: Buffer): void {
    // Copied: a small slice would keep the whole packet that it came in.
    this.#head.push(Buffer.from(bytes));
    this.#headBytes += bytes.length;
    if (this.#head.length > 1024) this.#head = [Buffer.concat(this.#head)];
  }

  #keepTail(bytes: Buffer): void {
    if (this.#hash === undefined) {
      this.#hash = createHash(HASH);
      for (const part of this.#head) this.#hash.update(part);
    }
    this.#hash.update(bytes);
    this.#tail ??= Buffer.alloc(this.#tailMax);
    // Byte n after the head lies at n modulo the size of the ring.
    const kept = bytes.subarray(Math.max(0, bytes.length - this.#tailMax));
    const at = (this.#afterHeadBytes + bytes.length - kept.length) % this.#tailMax;
    const copied = kept.copy(this.#tail, at);
    kept.copy(this.#tail, 0, copied);
    this.#afterHeadBytes += bytes.length;
  }

  #tailBytes(): Buffer {
    if (this.#tail === undefined) return Buffer.alloc(0);
    if (this.#afterHeadBytes <= this.#tailMax) return this.#tail.subarray(0, this.#afterHeadBytes);
    const begin = this.#afterHeadBytes % this.#tailMax;
    return Buffer.concat([this.#tail.subarray(begin), this.#tail.subarray(0, begin)]);
  }
}
