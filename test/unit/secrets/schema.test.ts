/** Roles take secrets by their schema; what is wrong is told without quoting anything that may be one. */
import { Type } from '@sinclair/typebox';
import { describe, expect, it } from 'vitest';
import { InvalidValueError } from '../../../src/schema/errors.ts';
import { SecretValue } from '../../../src/schema/secret-value.ts';
import { validate } from '../../../src/schema/validate.ts';
import { secretOf } from '../../../src/secrets/secret.ts';
import { catching } from '../inventory/tree.ts';

const schema = Type.Object({
  key: Type.Optional(SecretValue({ description: 'The key.' })),
  keys: Type.Array(Type.Object({ id: Type.Integer({ default: 7 }), key: SecretValue() }), { default: [] }),
  name: Type.Optional(Type.String()),
  either: Type.Optional(Type.Union([Type.String(), SecretValue()])),
  map: Type.Optional(Type.Object({ a: Type.Integer() })),
  open: Type.Optional(Type.Unknown()),
});
const check = (value: unknown) => validate(schema, value, { name: 'role x' });
const refused = (value: unknown) => catching(InvalidValueError, () => check(value));

describe('SecretValue', () => {
  it('takes secrets, wherever they stand, and gives back the very same', () => {
    const [one, two] = [secretOf('one-one'), secretOf('two-two')];
    const value = check({ key: one, keys: [{ key: two }], either: two, open: { deep: [one] } });
    expect(value.key).toBe(one);
    expect(value.keys).toEqual([{ id: 7, key: two }]);
    expect(value.keys[0]?.key).toBe(two);
    expect(value.either).toBe(two);
    expect((value.open as { deep: unknown[] }).deep[0]).toBe(one);
    expect(check({ either: 'text' }).either).toBe('text');
  });

  it.each([['plain'], [12], [true], [['plain']], [{ $secret: 'plain' }], [null]])(
    'refuses plain %j unquoted',
    (plain) => {
      const error = refused({ key: plain });
      expect(error.message).toBe('key: expected a secret, got something else (not shown)');
      expect(error.remedy).toMatch(/!env NAME.*!sops FILE#KEY/);
      expect(JSON.stringify([error.message, error.detail, error.problems])).not.toContain('plain');
    },
  );

  it('refuses a secret where a plain value belongs', () => {
    const error = refused({ name: secretOf('hunter22') });
    expect(error.message).toBe('name: expected text, got a secret');
    expect(error.remedy).toContain('write it as a plain value');
    expect(refused({ map: secretOf('hunter22') }).message).toBe('map: expected a map, got a secret');
    expect(refused({ keys: secretOf('hunter22') }).message).toContain('got a secret');
  });
});
