/** Compiles TypeBox schemas with ajv, once per schema and machine: the generated code is kept, so that a usual run loads no compiler. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import type { TSchema } from '@sinclair/typebox';
import type { ErrorObject } from 'ajv';
import { readCached, writeCached } from './code-cache.ts';
import { SchemaError } from './errors.ts';

/** Checks a value, fills in defaults in place; `errors` are those of the last call. */
export interface Validator {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

/** Part of the cache's key, so that code of another ajv is not run: a test compares it with the installed one (reading that here costs 1 ms). */
export const AJV_VERSION = '8.20.0';
/** Part of the cache's key: raise it when the options below change. */
const OPTIONS_VERSION = 1;
/** Annotations that roles may use beside ajv's own `title`, `description`, `default`, `examples`. */
const ANNOTATIONS = ['secret'];

const require = createRequire(import.meta.url);
const compiled = new WeakMap<TSchema, Validator>();

/** The validator of a schema. Objects without `additionalProperties` are closed. Throws SchemaError on a schema that ajv refuses. */
export function compileSchema(schema: TSchema, name: string): Validator {
  let validator = compiled.get(schema);
  if (validator === undefined) {
    const json = JSON.stringify(closeObjects(schema));
    const key = createHash('sha256').update(`${OPTIONS_VERSION}\n${AJV_VERSION}\n${json}`).digest('hex');
    validator = fromCache(key) ?? generate(json, key, name);
    compiled.set(schema, validator);
  }
  return validator;
}

function fromCache(key: string): Validator | undefined {
  const code = readCached(key);
  if (code === undefined) return undefined;
  try {
    return evaluate(code);
  } catch {
    return undefined; // a damaged file: compiled anew
  }
}

/** 40 ms and more, mostly loading ajv: only for a schema that this machine has not seen. */
function generate(json: string, key: string, name: string): Validator {
  const { Ajv } = require('ajv') as typeof import('ajv');
  const { default: standalone } = require('ajv/dist/standalone') as {
    default: typeof import('ajv/dist/standalone/index.js')['default'];
  };
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    allowUnionTypes: true,
    strictTypes: false,
    strictTuples: false,
    meta: false,
    validateSchema: false,
    logger: false,
    code: { source: true, lines: true },
  });
  ajv.addVocabulary(ANNOTATIONS);
  try {
    const code = standalone(ajv, ajv.compile(JSON.parse(json)));
    writeCached(key, code);
    return evaluate(code);
  } catch (cause) {
    throw new SchemaError(
      `the schema of ${name} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
        remedy: 'Correct the TypeBox schema: ajv says above what it cannot use (https://ajv.js.org/strict-mode.html).',
      },
    );
  }
}

/** Generated code is CommonJS and asks for some of ajv's small run-time functions. */
function evaluate(code: string): Validator {
  const module: { exports: unknown } = { exports: {} };
  compileFunction(code, ['module', 'exports', 'require'], { filename: 'schema-validator.cjs' })(
    module,
    module.exports,
    require,
  );
  if (typeof module.exports !== 'function') throw new TypeError('not a validator');
  return module.exports as Validator;
}

/** A map that does not say which other keys it takes takes none: a misspelt key is an error, never ignored. */
function closeObjects(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closeObjects);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy: Record<string, unknown> = { ...schema };
  for (const key of MAPS_OF_SCHEMAS) {
    const map = copy[key];
    if (map !== undefined)
      copy[key] = Object.fromEntries(Object.entries(map as object).map(([name, inner]) => [name, closeObjects(inner)]));
  }
  for (const key of SCHEMAS) if (copy[key] !== undefined) copy[key] = closeObjects(copy[key]);
  const isObject =
    copy['type'] === 'object' && (copy['properties'] !== undefined || copy['patternProperties'] !== undefined);
  if (isObject && copy['additionalProperties'] === undefined) copy['additionalProperties'] = false;
  return copy;
}

/** Not `allOf`: each part of an intersection must let the keys of the others pass. */
const MAPS_OF_SCHEMAS = ['properties', 'patternProperties', '$defs'] as const;
const SCHEMAS = ['items', 'additionalProperties', 'anyOf', 'oneOf', 'prefixItems'] as const;
