/** The helper's JSON lines as values: what step it is at, how it ended, and why it refused. */
import { HostAnswerError } from './errors.ts';
import { printable, stripControls } from './fields.ts';

/** The steps of an apply, in order; `images`, `validate`, `unit`, `daemon-reload`, `command` and `local-checks` only where there is something to do. */
export const APPLY_STEPS = [
  'receive',
  'images',
  'check',
  'stage',
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

/** Why the helper refused or failed. Fields are only added; an unknown code is shown as it stands. */
export type HostErrorCode =
  /** Arrived damaged, or with records that this helper does not know. */
  | 'receive'
  /** Another boot than the one that was observed. */
  | 'booted'
  /** A target is not what the plan saw: plan anew. */
  | 'stale'
  | 'locked'
  | 'missing-folder'
  | 'unsafe-folder'
  | 'symlink'
  | 'image-missing'
  | 'owner'
  | 'label'
  | 'validation'
  | 'quadlet'
  | 'no-space'
  | 'read-only'
  | 'immutable'
  | 'write-failed'
  | 'no-go'
  | 'daemon-reload'
  | 'unit-failed'
  | 'command-failed'
  | 'revert-failed'
  | 'no-slot'
  | 'other-slot'
  | 'not-applied'
  | 'record'
  /** Not installed in this version: install.ts first. */
  | 'helper'
  | 'no-guard'
  /** The host to be repaired serves by now. */
  | 'serves'
  | 'inhibitor'
  | 'install'
  | 'self-test'
  | 'reconcile-failed'
  | 'usage';

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
export type SlotWord = 'armed' | 'applied' | 'confirmed' | 'reverting' | 'reverted' | 'failed' | 'none';

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
  | { readonly kind: 'applied' | 'confirmed'; readonly id: string; readonly generation: number }
  /** `notUndone`: commands that ran and have no undo, or whose undo failed. */
  | { readonly kind: 'reverted'; readonly id: string; readonly notUndone: readonly string[] }
  /** `reason`: why it was reverted, when the host could write that down. */
  | {
      readonly kind: 'status';
      readonly id: string;
      readonly state: SlotWord;
      readonly generation: number;
      readonly reason: string;
    }
  /** The lease is ours for so long; the boot that it was given in. */
  | { readonly kind: 'lease'; readonly expiresInSec: number; readonly bootId: string }
  | { readonly kind: 'released' | 'unlocked' }
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
  confirmed: (fields) => ({ kind: 'confirmed', id: fields.text('id'), generation: fields.number('generation') }),
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
  }),
  lease: (fields) => ({ kind: 'lease', expiresInSec: fields.number('expiresInSec'), bootId: fields.text('bootId') }),
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
