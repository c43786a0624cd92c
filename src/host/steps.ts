/** The helper's JSON lines as values: what step it is at, how it ended, and why it refused. */
import type { HostErrorCode } from './error-codes.ts';
import { HostAnswerError } from './errors.ts';
import { printable, stripControls } from './fields.ts';

export type { HostErrorCode } from './error-codes.ts';

/** The steps of an apply, in order; `images`, `secrets`, `validate`, `unit`, `daemon-reload`, `command` and `local-checks` only where there is something to do. */
export const APPLY_STEPS = [
  'receive',
  'images',
  'check',
  'stage',
  'secrets',
  'validate',
  'save',
  'ready',
  'arm',
  'swap',
  'daemon-reload',
  'unit',
  'command',
  'local-checks',
  'applied-state',
] as const;
export type ApplyStep = (typeof APPLY_STEPS)[number];

/** Who holds a host: a run's lease, or an open change set. */
export interface Holder {
  readonly owner: string;
  readonly run: string;
  readonly purpose: string;
  /** Leases only. */
  readonly heldForSec?: number;
  /** Until the lease runs out, or the guard reverts; undefined when it is not known. */
  readonly expiresInSec?: number;
  /** The id and state of the open change set. */
  readonly slot?: { readonly id: string; readonly state: string };
}

/** A slot's word, and `none`: neither the slot nor an archive knows the id. */
export type SlotWord =
  | 'armed'
  | 'applied'
  | 'confirmed'
  | 'reverting'
  /** OS upgrades: the second and last try to go back. */
  | 'reverting2'
  | 'reverted'
  | 'failed'
  | 'none';

export type HostStep =
  /** A step begins; `what` is the unit, image, validation or command that it is about. */
  | { readonly kind: 'step'; readonly step: string; readonly what: string; readonly action: string }
  | { readonly kind: 'ready'; readonly generation: number }
  /** A command ran; its output decides `changedWhen`. */
  | { readonly kind: 'output'; readonly id: string; readonly output: string }
  | {
      readonly kind: 'error';
      readonly step: string;
      readonly error: HostErrorCode;
      readonly message: string;
      readonly detail: readonly string[];
      /** With `locked`: who holds the host. */
      readonly holder?: Holder;
    }
  | { readonly kind: 'applied'; readonly id: string; readonly generation: number }
  /** `isWayBackGone`: of an OS upgrade: the release that it came from was deleted from the disk in the trial. */
  | { readonly kind: 'confirmed'; readonly id: string; readonly generation: number; readonly isWayBackGone?: true }
  /** `notUndone`: commands that ran and have no undo, or whose undo failed. */
  | { readonly kind: 'reverted'; readonly id: string; readonly notUndone: readonly string[] }
  /** `reason`: why it was reverted, when the host could write that down. */
  | {
      readonly kind: 'status';
      readonly id: string;
      readonly state: SlotWord;
      readonly generation: number;
      readonly reason: string;
      /** Of an OS upgrade's slot: as in OsPast and OsSlot (os-look.ts). */
      readonly os?: {
        readonly cause: string;
        readonly from: string;
        readonly to: string;
        readonly trialBoot: string;
        /** The host has heard the word to reboot. */
        readonly isTold: boolean;
        /** As with `confirmed`. */
        readonly isWayBackGone?: true;
      };
    }
  /** An OS slot is open; `zincati`: its ActiveState as it was found. */
  | { readonly kind: 'opened'; readonly id: string; readonly generation: number; readonly zincati: string }
  /** What rpm-ostree says while it stages. */
  | { readonly kind: 'progress'; readonly text: string }
  /** Staged, locked, durable in the slot's record: `checksum.serial`. */
  | { readonly kind: 'staged'; readonly id: string; readonly to: string; readonly version: string }
  | { readonly kind: 'rebooting' }
  /** The host goes back to the old deployment: it reboots in a moment. */
  | { readonly kind: 'going-back'; readonly id: string; readonly to: string }
  | { readonly kind: 'deadline'; readonly expiresInSec: number }
  | { readonly kind: 'denied' | 'undenied' }
  /** The lease is ours for so long; the boot that it was given in. */
  | { readonly kind: 'lease'; readonly expiresInSec: number; readonly bootId: string }
  | { readonly kind: 'released' | 'unlocked' }
  /** A temporary state holds, or was left. */
  | { readonly kind: 'held' | 'left'; readonly name: string }
  | { readonly kind: 'installed'; readonly version: string }
  /** A kept generation; `at` is in ms since 1970. */
  | {
      readonly kind: 'generation';
      readonly generation: number;
      readonly id: string;
      readonly run: string;
      readonly owner: string;
      readonly files: number;
      readonly at: number;
    };

/** Lines longer than this are no lines of the helper: 64 lines of a program's words, and then some. */
const LINE_MAX = 256 * 1024;

/**
 * One line of the helper's stdout. Unknown fields are ignored, control characters become spaces.
 * @throws HostAnswerError for anything else than a line of the helper.
 */
export function parseStep(line: string): HostStep {
  const fields = new Fields(parseObject(line));
  const step = fields.text('step');
  if (step === '') throw notALine(line);
  if (fields.text('error') !== '') return errorOf(step, fields);
  const read = Object.hasOwn(ANSWERS, step) ? ANSWERS[step] : undefined;
  const what = ['unit', 'image', 'name', 'id', 'reason', 'version']
    .map((key) => fields.text(key))
    .find((text) => text !== '');
  return read?.(fields) ?? { kind: 'step', step, what: what ?? '', action: fields.text('action') };
}

class Fields {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  raw(key: string): unknown {
    return this.#values[key];
  }

  text(key: string): string {
    const value = this.#values[key];
    return typeof value === 'string' ? stripControls(value) : '';
  }

  /** The helper writes all numbers as strings; 0 when there is none. */
  number(key: string): number {
    return Number(this.text(key)) || 0;
  }
}

/** Lines that are more than the name of a step; undefined: it is only that. */
const ANSWERS: Readonly<Record<string, (fields: Fields) => HostStep | undefined>> = {
  ready: (fields) => ({ kind: 'ready', generation: fields.number('generation') }),
  applied: (fields) => ({ kind: 'applied', id: fields.text('id'), generation: fields.number('generation') }),
  confirmed: (fields) => ({
    kind: 'confirmed',
    id: fields.text('id'),
    generation: fields.number('generation'),
    ...wayBackOf(fields),
  }),
  reverted: (fields) => ({
    kind: 'reverted',
    id: fields.text('id'),
    notUndone: fields
      .text('notUndone')
      .split(', ')
      .filter((id) => id !== ''),
  }),
  status: (fields) => ({
    kind: 'status',
    id: fields.text('id'),
    state: fields.text('state') as SlotWord,
    generation: fields.number('generation'),
    reason: fields.text('reason'),
    ...(fields.text('kind') === 'os'
      ? {
          os: {
            cause: fields.text('cause'),
            from: fields.text('from'),
            to: fields.text('to'),
            trialBoot: fields.text('trialBoot'),
            isTold: fields.text('told') === '1',
            ...wayBackOf(fields),
          },
        }
      : {}),
  }),
  opened: (fields) => ({
    kind: 'opened',
    id: fields.text('id'),
    generation: fields.number('generation'),
    zincati: fields.text('zincati'),
  }),
  progress: (fields) => ({ kind: 'progress', text: fields.text('text') }),
  staged: (fields) => ({
    kind: 'staged',
    id: fields.text('id'),
    to: fields.text('to'),
    version: fields.text('version'),
  }),
  rebooting: () => ({ kind: 'rebooting' }),
  'going-back': (fields) => ({ kind: 'going-back', id: fields.text('id'), to: fields.text('to') }),
  deadline: (fields) => ({ kind: 'deadline', expiresInSec: fields.number('expiresInSec') }),
  denied: () => ({ kind: 'denied' }),
  undenied: () => ({ kind: 'undenied' }),
  lease: (fields) => ({ kind: 'lease', expiresInSec: fields.number('expiresInSec'), bootId: fields.text('bootId') }),
  held: (fields) => ({ kind: 'held', name: fields.text('name') }),
  left: (fields) => ({ kind: 'left', name: fields.text('name') }),
  released: () => ({ kind: 'released' }),
  unlocked: () => ({ kind: 'unlocked' }),
  installed: (fields) => ({ kind: 'installed', version: fields.text('version') }),
  generation: (fields) => ({
    kind: 'generation',
    generation: fields.number('generation'),
    id: fields.text('id'),
    run: fields.text('run'),
    owner: fields.text('owner'),
    files: fields.number('files'),
    at: fields.number('at') * 1000,
  }),
  // The output keeps its line breaks: changedWhen may look at single lines. It is matched, never shown.
  command(fields) {
    const output = fields.raw('output');
    return typeof output === 'string' ? { kind: 'output', id: fields.text('id'), output } : undefined;
  },
};

function wayBackOf(fields: Fields): { readonly isWayBackGone?: true } {
  return fields.text('wayBack') === 'gone' ? { isWayBackGone: true } : {};
}

function errorOf(step: string, fields: Fields): HostStep {
  const detail = fields.raw('detail');
  const words = Array.isArray(detail) ? detail.filter((line) => typeof line === 'string').map(stripControls) : [];
  const holder = holderOf(fields);
  return {
    kind: 'error',
    step,
    error: fields.text('error') as HostErrorCode,
    message: fields.text('message'),
    detail: words,
    ...(holder === undefined ? {} : { holder }),
  };
}

function holderOf(fields: Fields): Holder | undefined {
  if (fields.text('owner') === '') return undefined;
  const optional = (key: 'heldForSec' | 'expiresInSec'): object =>
    fields.text(key) === '' ? {} : { [key]: fields.number(key) };
  const slot = fields.text('slot');
  return {
    owner: fields.text('owner'),
    run: fields.text('run'),
    purpose: fields.text('purpose'),
    ...optional('heldForSec'),
    ...optional('expiresInSec'),
    ...(slot === '' ? {} : { slot: { id: slot, state: fields.text('state') } }),
  };
}

function parseObject(line: string): Record<string, unknown> {
  if (line.length > LINE_MAX) throw notALine(line);
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw notALine(line);
}

function notALine(line: string): HostAnswerError {
  return new HostAnswerError('the host said something that is not a line of the helper', {
    detail: [printable(line)],
    remedy:
      'The login shell of the user must not print anything, and the host must have bash, coreutils and tar. Try: run ssh, then sudo -n true',
  });
}
