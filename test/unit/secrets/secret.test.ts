/** A secret cannot be seen, whatever is done with it, and its value comes out in one way only. */
import { format, inspect, isDeepStrictEqual } from 'node:util';
import { serialize } from 'node:v8';
import { afterEach, describe, expect, it } from 'vitest';
import { errorReport } from '../../../src/engine/error-report.ts';
import { SecretError } from '../../../src/secrets/errors.ts';
import { fingerprint, hasFingerprint } from '../../../src/secrets/fingerprint.ts';
import { forgetSecrets } from '../../../src/secrets/known.ts';
import {
  exposeSecret,
  isResolved,
  isSameSecret,
  joinSecrets,
  mapSecret,
  type Secret,
  secretOf,
  secretText,
  sourcedSecret,
} from '../../../src/secrets/secret.ts';

const VALUE = 'hunter2-hunter2';

afterEach(forgetSecrets);

describe('a secret', () => {
  const secrets: [string, Secret][] = [
    ['a value', secretOf(VALUE)],
    ['text with a secret', secretText`user ${'ns1'} password ${secretOf(VALUE)}\n`],
    ['another form of a secret', mapSecret(secretOf(VALUE), (value) => `"${value}"`)],
  ];

  it.each(secrets)('%s is shown by nothing that prints, clones or serialises', (_name, secret) => {
    const wrapped = { vars: { key: secret, list: [secret] }, map: new Map([['key', secret]]) };
    const deep = { depth: null, showHidden: true, getters: true, customInspect: false } as const;
    const shown = [
      `${secret}`,
      String(secret),
      ''.concat(secret as unknown as string),
      JSON.stringify(wrapped),
      JSON.stringify([secret], null, 2),
      inspect(wrapped, { depth: null, showHidden: true }),
      inspect(wrapped, deep),
      inspect(secret, deep),
      format('%s %o %O %j %d', secret, secret, secret, secret, secret),
      serialize({ ...secret }).toString('latin1'),
      inspect(structuredClone({ ...wrapped.vars.key }), deep),
      JSON.stringify(Object.getOwnPropertyNames(secret)),
      String(Object.assign({}, secret)),
      new Error(`cannot use ${secret}`).message,
      new TypeError('x', { cause: secret }).stack ?? '',
      inspect(new Error('x', { cause: secret }), deep),
      [secret].join(),
      Object.entries(secret).toString(),
    ];
    for (const text of shown) expect(text).not.toContain('hunter2');
    expect(`${secret}`).toBe('(secret)');
    expect(JSON.stringify({ secret })).toBe('{"secret":"(secret)"}');
  });

  it('cannot be changed, extended or told from another by comparing', () => {
    const secret = secretOf(VALUE);
    expect(Object.isFrozen(secret)).toBe(true);
    expect(isDeepStrictEqual(secret, secretOf('another one'))).toBe(true);
  });

  it('gives its value to the one function that is made for it, and only when it was read', () => {
    expect(exposeSecret(secretOf(VALUE)).toString()).toBe(VALUE);
    expect(exposeSecret(secretText`a${secretOf('é"\n')}b${1}`).toString()).toBe('aé"\nb1');
    expect(exposeSecret(joinSecrets(['x', secretOf(Buffer.from([0, 255]))]))).toEqual(Buffer.from([0x78, 0, 255]));
    const unread = secretText`${sourcedSecret({ kind: 'env', name: 'X' })}`;
    expect(isResolved(unread)).toBe(false);
    expect(() => exposeSecret(unread)).toThrow(TypeError);
  });

  it('is not quoted by an error of the function that transforms it', () => {
    const failing = mapSecret(secretOf(`{${VALUE}`), (value) => String(JSON.parse(value)));
    let caught: unknown;
    try {
      exposeSecret(failing);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(SecretError);
    expect(inspect(caught, { depth: null })).not.toContain('hunter2');
  });

  it('is masked in any error that quotes it nevertheless, as events carry it', () => {
    secretOf(VALUE);
    const report = errorReport(
      new SecretError(`chronyd said: bad key "${VALUE}"`, { remedy: 'r', detail: [`line 1: ${VALUE} is short`] }),
    );
    expect(report.message).toBe('chronyd said: bad key "********"');
    expect(report.detail).toEqual(['line 1: ******** is short']);
    expect(errorReport(new Error(`boom ${VALUE}`)).message).not.toContain('hunter2');
  });
});

describe('two secrets', () => {
  it('are one when they come from one place', () => {
    const env = (name: string, line: number): Secret =>
      sourcedSecret({ kind: 'env', name, where: { file: 'hosts.yaml', line } });
    expect(isSameSecret(env('A', 1), env('A', 2))).toBe(true);
    expect(isSameSecret(env('A', 1), env('B', 1))).toBe(false);
    expect(isSameSecret(secretOf('x'), secretOf('x'))).toBe(false);
  });
});

describe('a fingerprint', () => {
  it('knows the same value again, and says nothing without its salt', () => {
    const salt = 'ab'.repeat(16);
    const known = fingerprint(secretOf('1234'), salt);
    expect(hasFingerprint(secretOf('1234'), known)).toBe(true);
    expect(hasFingerprint(secretOf('1235'), known)).toBe(false);
    expect(hasFingerprint(secretOf('1234'), '')).toBe(false);
    expect(hasFingerprint(secretOf('1234'), 'zz:zz')).toBe(false);
    expect(fingerprint(secretOf('1234'), 'cd'.repeat(16))).not.toBe(known);
  });
});
