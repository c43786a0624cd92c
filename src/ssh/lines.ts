/** Bytes into lines: split at the newline byte before decoding, so that no UTF-8 sequence is ever cut. */
import { type Deferred, deferred } from './deferred.ts';

/** Cuts chunks into lines; what is left without a newline is the last line. Pure but for its buffer. */
export class LineSplitter {
  readonly #bytesMax: number;
  #rest: Buffer[] = [];
  #restBytes = 0;

  /** A line longer than `bytesMax` makes `push` throw a RangeError. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      this.#keep(chunk.subarray(from, end));
      lines.push(this.#take());
      from = end + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
    return lines;
  }

  /** The last line, if it had no newline. */
  end(): string[] {
    return this.#restBytes === 0 ? [] : [this.#take()];
  }

  #keep(bytes: Buffer): void {
    this.#restBytes += bytes.length;
    if (this.#restBytes > this.#bytesMax) throw new RangeError(`a line of more than ${this.#bytesMax} bytes`);
    this.#rest.push(bytes);
  }

  #take(): string {
    const line = Buffer.concat(this.#rest).toString('utf8');
    this.#rest = [];
    this.#restBytes = 0;
    return line;
  }
}

/** Lines for one reader at a time. A reader that stops (`break`) leaves the rest to the next `for await`. */
export class LineQueue implements AsyncIterable<string> {
  readonly #lines: string[] = [];
  #waiting: Deferred<void> | undefined;
  #isEnded = false;

  push(lines: readonly string[]): void {
    this.#lines.push(...lines);
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    return { next: () => this.#next() };
  }

  async #next(): Promise<IteratorResult<string>> {
    for (;;) {
      const value = this.#lines.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#isEnded) return { done: true, value: undefined };
      this.#waiting ??= deferred<void>();
      await this.#waiting.promise;
    }
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
