/** Secrets among values that ajv checks: the schema of a secret, and what stands in for one meanwhile. */
import { type TUnsafe, Type } from '@sinclair/typebox';
import { Secret } from '../secrets/secret.ts';

/** Nothing that YAML or JSON can write passes: only what a secret is replaced by for the check. */
const NO_PLAIN_VALUE = { not: { type: ['object', 'array', 'string', 'number', 'boolean', 'null'] } };

export interface SecretValueOptions {
  readonly description?: string;
}

/** A var of a role that must be a secret (`!env`, `!command`, `!sops`, a file of sops): plain text in an inventory is refused. */
export function SecretValue(options: SecretValueOptions = {}): TUnsafe<Secret> {
  return Type.Unsafe<Secret>({ ...NO_PLAIN_VALUE, secret: true, ...options });
}

/** Secrets by the symbols that stand in for them. */
export type StandIns = Map<symbol, Secret>;

/** A copy for ajv, which fills in defaults in place and knows plain values only. */
export function withStandIns(value: unknown, secrets: StandIns): unknown {
  if (value instanceof Secret) {
    const symbol = Symbol('secret');
    secrets.set(symbol, value);
    return symbol;
  }
  if (Array.isArray(value)) return value.map((item) => withStandIns(item, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withStandIns(inner, secrets)]));
}

/** The secrets back in their places; changes `value`. */
export function withoutStandIns(value: unknown, secrets: StandIns): unknown {
  if (secrets.size === 0) return value;
  if (typeof value === 'symbol') return secrets.get(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  const container = value as Record<string, unknown>;
  for (const key of Object.keys(container)) container[key] = withoutStandIns(container[key], secrets);
  return value;
}
