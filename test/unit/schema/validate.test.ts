import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AJV_VERSION } from '../../../src/schema/compile.ts';
import { InvalidValueError, SchemaError } from '../../../src/schema/errors.ts';
import { validate } from '../../../src/schema/validate.ts';

const schema = () =>
  Type.Object({
    image: Type.String({ pattern: '^[^@:]+[:@].+$', description: 'an image with a tag or digest' }),
    port: Type.Integer({ minimum: 1, maximum: 65535, default: 53 }),
    forwarders: Type.Array(Type.String(), { default: [] }),
    mode: Type.Union([Type.Literal('udp'), Type.Literal('tcp')], { default: 'udp' }),
    listen: Type.Optional(Type.Array(Type.Object({ address: Type.String(), port: Type.Integer({ default: 53 }) }))),
    tsig_secret: Type.Optional(Type.String({ minLength: 8 })),
    size: Type.Optional(Type.Union([Type.Integer(), Type.Object({ bytes: Type.Integer() })])),
  });

let cache: string;
let before: string | undefined;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'schema-cache-'));
  before = process.env['HOME'];
  process.env['HOME'] = cache;
});
afterEach(() => {
  if (before === undefined) delete process.env['HOME'];
  else process.env['HOME'] = before;
  rmSync(cache, { recursive: true });
});

function problemsOf(value: unknown): { message: string; remedy: string; nearest?: string }[] {
  try {
    validate(schema(), value, { name: 'coredns' });
  } catch (error) {
    if (error instanceof InvalidValueError)
      return error.problems.map(({ message, remedy, nearest }) => ({
        message,
        remedy,
        ...(nearest === undefined ? {} : { nearest }),
      }));
    throw error;
  }
  return [];
}

test('defaults are filled in, also in the entries of lists, and the given value stays as it was', () => {
  const given = { image: 'a:1', listen: [{ address: 'x' }] };
  expect(validate(schema(), given, { name: 'coredns' })).toEqual({
    image: 'a:1',
    port: 53,
    forwarders: [],
    mode: 'udp',
    listen: [{ address: 'x', port: 53 }],
  });
  expect(given).toEqual({ image: 'a:1', listen: [{ address: 'x' }] });
});

test('a misspelt key names the nearest valid one', () => {
  expect(problemsOf({ image: 'a:1', forwadrers: [] })).toEqual([
    { message: 'coredns does not know "forwadrers"', remedy: 'Did you mean "forwarders"?', nearest: 'forwarders' },
  ]);
});

test('a key that is near to none lists those that are known', () => {
  expect(problemsOf({ image: 'a:1', zzz: 1 })[0]?.remedy).toBe(
    'Known are image, port, forwarders, mode, listen, tsig_secret, size.',
  );
});

test('a wrong type says what was expected, what was found and how to write it', () => {
  expect(problemsOf({ image: 'a:1', port: '53' })).toEqual([
    {
      message: 'port: expected a whole number from 1 to 65535, got the text "53"',
      remedy: 'Write it without quotes: 53',
    },
  ]);
  expect(problemsOf({ image: 1.1 })[0]).toEqual({
    message: 'image: expected text, got the number 1.1',
    remedy: 'Put quotes around the value: YAML reads it as a number or as true/false.',
  });
  expect(problemsOf({ image: 'a:1', forwarders: '9.9.9.9' })[0]).toEqual({
    message: 'forwarders: expected a list of text, got the text "9.9.9.9"',
    remedy: 'Write it as a list: [9.9.9.9]',
  });
});

test('a pattern is explained by the description of the schema', () => {
  expect(problemsOf({ image: 'coredns' })[0]?.remedy).toBe(
    'Write text that matches ^[^@:]+[:@].+$ (an image with a tag or digest).',
  );
});

test('a missing key and several other problems are told at once', () => {
  expect(
    problemsOf({ port: 0, mode: 'upd', listen: [{ address: 'a', prot: 1 }] }).map(({ message }) => message),
  ).toEqual([
    'coredns: "image" is missing',
    'port: expected a whole number from 1 to 65535, got the number 0',
    'mode: expected "udp" or "tcp", got the text "upd"',
    'coredns does not know "listen[0].prot"',
  ]);
});

test('of alternatives the one that was meant is explained', () => {
  expect(problemsOf({ image: 'a:1', size: { bytse: 1 } }).map(({ message }) => message)).toEqual([
    'coredns: "size.bytes" is missing',
    'coredns does not know "size.bytse"',
  ]);
  expect(problemsOf({ image: 'a:1', size: true })[0]?.message).toBe('size: expected a whole number or a map, got true');
});

test('the value of a secret is never shown', () => {
  const [problem] = problemsOf({ image: 'a:1', tsig_secret: 'hunter2' });
  expect(problem?.message).toBe('tsig_secret: expected text of at least 8 characters, got something else (not shown)');
  expect(JSON.stringify(problem)).not.toContain('hunter2');
});

test('the place of each value is told, and of a missing key that of its map', () => {
  const error = catchError(() =>
    validate(
      schema(),
      { port: '1' },
      { name: 'coredns', origin: (...path) => ({ file: 'g.yaml', line: path.length + 1 }) },
    ),
  );
  expect(error.problems.map(({ where }) => where?.line)).toEqual([1, 2]);
  expect(error.where).toEqual({ file: 'g.yaml', line: 1 });
  expect(error.message).toBe('coredns: "image" is missing (and 1 more problem)');
  expect(error.detail).toContain('g.yaml:2: port: expected a whole number from 1 to 65535, got the text "1"');
});

test('compiled code is kept, used again, and made anew when it was damaged', () => {
  validate(schema(), { image: 'a:1' }, { name: 'coredns' });
  const folder = join(cache, '.cache', 'coreos-infra', 'schemas');
  const [file = ''] = readdirSync(folder);
  expect(readdirSync(folder)).toHaveLength(1);
  expect(problemsOf({ image: 1 })).toHaveLength(1);
  writeFileSync(join(folder, file), 'module.exports = () => true;'); // without the end mark: not run
  expect(problemsOf({ image: 1 })).toHaveLength(1);
});

test('the cache is keyed by the installed version of ajv', () => {
  expect(createRequire(import.meta.url)('ajv/package.json').version).toBe(AJV_VERSION);
});

test('recursive schemas are explained through their references', () => {
  const tree = Type.Recursive((This) => Type.Object({ name: Type.String(), sub: Type.Optional(Type.Array(This)) }), {
    $id: 'Tree',
  });
  const error = catchError(() => validate(tree, { name: 'a', sub: [{ nmae: 'b', name: 'x' }] }, { name: 'tree' }));
  expect(error.problems.map(({ message, nearest }) => [message, nearest])).toEqual([
    ['tree does not know "sub[0].nmae"', 'name'],
  ]);
});

test('a union is explained by the branch that its schema path names, inside a recursive schema too', () => {
  const tree = Type.Recursive(
    (This) =>
      Type.Object({
        port: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('any')])),
        sub: Type.Optional(Type.Record(Type.String(), This)),
      }),
    { $id: 'Ports' },
  );
  const error = catchError(() => validate(tree, { sub: { a: { port: 'ayn' } } }, { name: 'tree' }));
  expect(error.problems.map(({ message }) => message)).toEqual([
    'sub.a.port: expected a whole number of at least 1 or "any", got the text "ayn"',
  ]);
});

test('a schema that ajv cannot use is an error of its own', () => {
  expect(() => validate(Type.Unsafe<string>({ type: 'string', patern: 'x' }), 'a', { name: 'role x' })).toThrow(
    SchemaError,
  );
});

function catchError(action: () => unknown): InvalidValueError {
  try {
    action();
  } catch (error) {
    if (error instanceof InvalidValueError) return error;
    throw error;
  }
  throw new Error('no error');
}
