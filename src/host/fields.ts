/** Reads the NUL-separated answers of the helper, field by field, and says where they stop making sense. */
import { HostAnswerError } from './errors.ts';

const MAGIC = 'coreos-infra';
const VERSION = '1';

export class FieldReader {
  readonly #fields: readonly string[];
  #next = 0;

  /** @throws HostAnswerError when `answer` is not the complete answer of a helper of this version. */
  constructor(answer: Buffer) {
    const text = answer.toString('utf8');
    this.#fields = text.split('\0');
    // A complete answer ends with the field `end` and its NUL, so the split leaves one empty piece behind it.
    if (this.#fields[0] !== MAGIC || this.#fields.at(-1) !== '' || this.#fields.at(-2) !== 'end')
      throw notAnAnswer(text);
    if (this.#fields[1] !== VERSION)
      throw new HostAnswerError(
        `the helper on the host speaks version ${printable(this.#fields[1] ?? '?')}, this program ${VERSION}`,
        { remedy: 'Run the same version of coreos-infra everywhere; `run doctor` shows them.' },
      );
    this.#next = 2;
  }

  /** The next record's type; `end` when there is none. */
  type(): string {
    return this.text();
  }

  text(): string {
    const field = this.#fields[this.#next];
    if (field === undefined) throw this.misread('a field is missing');
    this.#next += 1;
    return field;
  }

  /** A number without sign, decimal. */
  count(): number {
    return this.#number(/^[0-9]{1,15}$/, 10);
  }

  octal(): number {
    return this.#number(/^[0-7]{1,6}$/, 8);
  }

  /** `true` for 1 or yes. */
  flag(): boolean {
    const field = this.text();
    return field === '1' || field === 'yes';
  }

  /** Where the answer stopped making sense, in the host's own words. */
  misread(what: string): HostAnswerError {
    const around = this.#fields.slice(Math.max(0, this.#next - 4), this.#next + 2).map(printable);
    return new HostAnswerError(`the helper's answer cannot be read: ${what}`, {
      detail: [`near field ${this.#next}: ${around.join(' | ')}`],
      remedy: 'This is a fault of coreos-infra: report it with the line above.',
    });
  }

  #number(pattern: RegExp, radix: number): number {
    const field = this.text();
    if (!pattern.test(field)) throw this.misread(`${JSON.stringify(printable(field))} is not a number`);
    return Number.parseInt(field, radix);
  }
}

function notAnAnswer(text: string): HostAnswerError {
  const words = text
    .slice(0, 2000)
    .split(/[\0\n]/)
    .map(printable)
    .filter((line) => line !== '')
    .slice(0, 8);
  return new HostAnswerError(
    text === '' ? 'the host answered nothing' : "what the host answered is not, or not all of, the helper's answer",
    {
      detail: words,
      remedy:
        'The login shell of the user must not print anything, and the host must have bash and coreutils. Try: run ssh, then sudo -n true',
    },
  );
}

/** Text of a host as it may be shown: no control characters (C0, DEL, C1), 200 characters at most. */
export function printable(text: string): string {
  return stripControls(text).slice(0, 200);
}

/** Text of a host without control characters, which could move a terminal's cursor or change its title. */
export function stripControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
}
