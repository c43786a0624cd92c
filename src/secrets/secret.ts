/** A value that nobody can read by accident: printed, logged, compared, cloned or made JSON of, it is `(secret)`. */
import { createHash } from 'node:crypto';
import { InfraError } from '../errors.ts';
import { SecretError } from './errors.ts';
import { rememberSecret } from './known.ts';
import { SECRET_SHOWN } from './shown.ts';
import type { SecretSource } from './source.ts';

/** How its value comes about: from outside, or out of other secrets. */
type Recipe =
  | { readonly kind: 'source'; readonly source: SecretSource }
  | { readonly kind: 'text'; readonly parts: readonly (string | Secret)[] }
  | { readonly kind: 'mapped'; readonly from: Secret; readonly map: (value: string) => string }
  | { readonly kind: 'value' };

// The only ways to the private fields, for the functions of this file.
let recipeOf: (secret: Secret) => Recipe;
let storedValue: (secret: Secret) => Buffer | undefined;
let storeValue: (secret: Secret, value: Buffer) => void;

/**
 * Importing a role or loading an inventory makes secrets without reading them: values arrive by `resolveSecrets` (resolve.ts), in runs that
 * need them. Fields are private to the class: neither inspection, spread, structured clone nor JSON reaches them.
 */
export class Secret {
  readonly #recipe: Recipe;
  #value: Buffer | undefined;

  constructor(recipe: Recipe, value?: Uint8Array) {
    this.#recipe = recipe;
    this.#value = value === undefined ? undefined : Buffer.from(value);
    Object.freeze(this);
  }

  toString(): string {
    return SECRET_SHOWN;
  }

  toJSON(): string {
    return SECRET_SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SECRET_SHOWN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return SECRET_SHOWN;
  }

  static {
    recipeOf = (secret) => secret.#recipe;
    storedValue = (secret) => secret.#value;
    storeValue = (secret, value) => {
      secret.#value = value;
    };
  }
}

/** Text with secrets in it, itself one: ``secretText`${id} SHA256 ${key}\n` ``. */
export function secretText(strings: TemplateStringsArray, ...values: readonly (string | number | Secret)[]): Secret {
  return joinSecrets(
    strings.flatMap((text, i) => {
      const value = values[i];
      if (value === undefined) return [text];
      return [text, value instanceof Secret ? value : String(value)];
    }),
  );
}

/** Texts and secrets, one after the other. */
export function joinSecrets(parts: readonly (string | Secret)[]): Secret {
  return new Secret({ kind: 'text', parts });
}

/** Another form of a secret, made when its value is there: quoted, encoded, checked. Whatever `map` throws must not quote the value. */
export function mapSecret(from: Secret, map: (value: string) => string): Secret {
  return new Secret({ kind: 'mapped', from, map });
}

/** A file has common words beside its secrets: only long ones are masked by themselves. */
const LONG_WORD = 16;

/** A value that is here already, such as a file of an earlier generation. */
export function secretOf(value: Uint8Array | string): Secret {
  rememberSecret(Buffer.from(value), LONG_WORD);
  return new Secret({ kind: 'value' }, Buffer.from(value));
}

/** A secret that comes from outside. */
export function sourcedSecret(source: SecretSource): Secret {
  return new Secret({ kind: 'source', source });
}

/** The sources that must be asked before `exposeSecret`, with the secrets that wait for them. */
export function sourcesOf(secret: Secret): readonly { readonly secret: Secret; readonly source: SecretSource }[] {
  const recipe = recipeOf(secret);
  switch (recipe.kind) {
    case 'source':
      return [{ secret, source: recipe.source }];
    case 'mapped':
      return sourcesOf(recipe.from);
    case 'text':
      return recipe.parts.flatMap((part) => (typeof part === 'string' ? [] : sourcesOf(part)));
    case 'value':
      return [];
  }
}

/** Whether `exposeSecret` would give a value. */
export function isResolved(secret: Secret): boolean {
  return sourcesOf(secret).every((one) => storedValue(one.secret) !== undefined);
}

/** For resolve.ts: the value of a source, known from now on to everything that masks. */
export function fillSecret(secret: Secret, value: Uint8Array): void {
  const copy = Buffer.from(value);
  rememberSecret(copy);
  storeValue(secret, copy);
}

/**
 * The value itself. Called only where it leaves for its purpose: when a bundle for a host is encoded, and for the hash that says whether it
 * must be. Throws when it was not resolved, which is a bug.
 */
export function exposeSecret(secret: Secret): Buffer {
  const stored = storedValue(secret);
  if (stored !== undefined) return stored;
  const recipe = recipeOf(secret);
  switch (recipe.kind) {
    case 'text':
      return Buffer.concat(
        recipe.parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : exposeSecret(part))),
      );
    case 'mapped': {
      const value = Buffer.from(mapped(recipe.map, exposeSecret(recipe.from).toString('utf8')));
      rememberSecret(value);
      return value;
    }
    case 'source':
    case 'value':
      throw new TypeError('a secret is asked for its value before it was resolved');
  }
}

/** Errors of JavaScript quote what they stumble over: only our own, which do not, are passed on. */
function mapped(map: (value: string) => string, value: string): string {
  let problem: unknown;
  try {
    return map(value);
  } catch (error) {
    problem = error;
  }
  if (problem instanceof InfraError) throw problem;
  throw new SecretError('a secret cannot be brought into the form that the role needs', {
    remedy: 'See what the role expects of it (its README), and correct the secret where it is kept.',
  });
}

/** For comparing with what a host has; never shown, and never put into an event or the history. */
export function secretSha256(secret: Secret): string {
  return createHash('sha256').update(exposeSecret(secret)).digest('hex');
}

/** Whether both come from the same place. Equality of values is nobody's business. */
export function isSameSecret(a: Secret, b: Secret): boolean {
  if (a === b) return true;
  const [one, two] = [recipeOf(a), recipeOf(b)];
  if (one.kind !== 'source' || two.kind !== 'source') return false;
  const key = ({ where: _where, ...source }: SecretSource): string => JSON.stringify(source);
  return key(one.source) === key(two.source);
}
