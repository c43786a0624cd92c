/** Checks a value from outside against a TypeBox schema; what comes back is typed, complete and safe to use. */
import type { Static, TSchema } from '@sinclair/typebox';
import type { SourceLocation } from '../errors.ts';
import { Secret } from '../secrets/secret.ts';
import { compileSchema } from './compile.ts';
import { describeValue, formatPath, type SchemaNode } from './describe.ts';
import { InvalidValueError, type ValueProblem } from './errors.ts';
import { explain, type Mismatch, type ValuePath } from './explain.ts';
import { didYouMean } from './nearest.ts';
import { type StandIns, withoutStandIns, withStandIns } from './secret-value.ts';
import { MASK } from './secrets.ts';

export interface ValidateOptions {
  /** Names the value in messages: `role coredns`. */
  readonly name: string;
  /** Where a value was written; for a missing key, asked with the path of the map that lacks it. */
  readonly origin?: (...path: ValuePath) => SourceLocation | undefined;
  /** A path as the user wrote it. Default `listen[0].port`. */
  readonly label?: (path: ValuePath) => string;
  readonly host?: string;
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly ValueProblem[] };

/** The value with defaults applied (the given one is not changed). Throws InvalidValueError that lists all problems. */
export function validate<S extends TSchema>(schema: S, value: unknown, options: ValidateOptions): Static<S> {
  const checked = check(schema, value, options);
  if (!checked.ok) throw new InvalidValueError(checked.problems, options.host);
  return checked.value;
}

/** As `validate`, for callers that collect problems. */
export function check<S extends TSchema>(schema: S, value: unknown, options: ValidateOptions): Checked<Static<S>> {
  const validator = compileSchema(schema, options.name);
  const secrets: StandIns = new Map();
  const copy = withStandIns(value, secrets); // a copy: ajv fills defaults in place
  if (validator(copy)) return { ok: true, value: withoutStandIns(copy, secrets) as Static<S> };
  const problems = explain(schema as SchemaNode, value, validator.errors ?? []).map((mismatch) =>
    problemOf(mismatch, options),
  );
  return { ok: false, problems };
}

function problemOf(mismatch: Mismatch, options: ValidateOptions): ValueProblem {
  const { path, expected } = mismatch;
  const label = (options.label ?? formatPath)(path);
  const value = mismatch.secret && mismatch.value !== undefined ? MASK : mismatch.value;
  const where = options.origin?.(...(mismatch.kind === 'missing-key' ? path.slice(0, -1) : path));
  const base = {
    path,
    value,
    expected,
    where,
    ...(mismatch.nearest === undefined ? {} : { nearest: mismatch.nearest }),
    // The line is not quoted: the secret may stand there.
    ...(mismatch.secret ? { hidden: true } : {}),
  };
  switch (mismatch.kind) {
    case 'unknown-key':
      return { ...base, ...unknownKey(mismatch, label, options) };
    case 'missing-key':
      return {
        ...base,
        message: `${options.name}: "${label}" is missing`,
        remedy: `Add it: ${expected}${describe(mismatch)}.`,
      };
    case 'value': {
      const isSecret = mismatch.value instanceof Secret;
      const got = mismatch.secret && !isSecret ? 'something else (not shown)' : describeValue(mismatch.value);
      return {
        ...base,
        message: `${label || options.name}: expected ${expected}, got ${got}`,
        remedy: valueRemedy(mismatch),
      };
    }
  }
}

function unknownKey(mismatch: Mismatch, label: string, options: ValidateOptions): { message: string; remedy: string } {
  const beside = (key: string): string => (options.label ?? formatPath)([...mismatch.path.slice(0, -1), key]);
  const known = (mismatch.known ?? []).map(beside).join(', ');
  const meant = mismatch.nearest === undefined ? '' : didYouMean(beside(mismatch.nearest));
  return {
    message: `${options.name} does not know "${label}"`,
    remedy: meant || (known === '' ? 'Nothing is known here.' : `Known are ${known}.`),
  };
}

function valueRemedy({ nearest, expected, value, ...mismatch }: Mismatch): string {
  if (value instanceof Secret)
    return 'It is shown in plans and written to files that anybody on the host may read: write it as a plain value.';
  if (mismatch.needsSecret)
    return 'Say where it is kept, instead of the value: !env NAME, !command [program, argument], !sops FILE#KEY, or a file of sops (docs/secrets.md).';
  if (nearest !== undefined) return didYouMean(nearest);
  if (/\btext\b/.test(expected) && (typeof value === 'number' || typeof value === 'boolean'))
    return 'Put quotes around the value: YAML reads it as a number or as true/false.';
  if (typeof value === 'string' && /number/.test(expected) && /^-?\d+(\.\d+)?$/.test(value))
    return `Write it without quotes: ${value}`;
  if (typeof value === 'string' && expected === 'true or false' && /^(true|false|yes|no)$/i.test(value))
    return `Write it without quotes: ${value}`;
  if (/^a list/.test(expected) && typeof value !== 'object')
    return `Write it as a list: [${mismatch.secret ? '…' : String(value)}]`;
  return `Write ${expected}${describe(mismatch)}.`;
}

function describe({ description }: { readonly description?: string }): string {
  return description === undefined ? '' : ` (${description.replace(/\.$/, '')})`;
}
