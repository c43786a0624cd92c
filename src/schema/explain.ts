/** Turns ajv's errors into problems that a person can act on. Pure. */
import type { ErrorObject } from 'ajv';
import { describeSchema, isSecretSchema, type SchemaNode } from './describe.ts';
import { nearest } from './nearest.ts';
import { failingSchema } from './schema-path.ts';
import { looksSecret } from './secrets.ts';

export type ValuePath = readonly (string | number)[];

/** A mismatch before it is placed in a file. */
export interface Mismatch {
  readonly kind: 'unknown-key' | 'missing-key' | 'value';
  /** Of the offending value; for keys, of the key itself. */
  readonly path: ValuePath;
  readonly value: unknown;
  readonly expected: string;
  /** What the schema's author says of the value. */
  readonly description?: string;
  readonly nearest?: string;
  /** Of an unknown key: the valid ones. */
  readonly known?: readonly string[];
  readonly secret: boolean;
  /** The schema takes nothing but a secret. */
  readonly needsSecret: boolean;
}

/** One mismatch per place: alternatives (`anyOf`) are told as one. */
export function explain(schema: SchemaNode, value: unknown, errors: readonly ErrorObject[]): Mismatch[] {
  const told = new Map<string, Mismatch>();
  for (const error of foldAlternatives(errors)) {
    const mismatch = explainOne(schema, value, error);
    const key = JSON.stringify(mismatch.path);
    if (!told.has(key)) told.set(key, mismatch);
  }
  return [...told.values()];
}

/**
 * Of a failed `anyOf` ajv reports every branch. Where some branch took the value's type and failed deeper inside, that is
 * what the user meant; else the `anyOf` itself says what is expected.
 */
function foldAlternatives(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  const dropped = new Set<ErrorObject>();
  for (const union of unions) {
    const branches = errors.filter((error) => error !== union && error.schemaPath.startsWith(`${union.schemaPath}/`));
    const deeper = branches.filter(
      (error) =>
        error.instancePath.length > union.instancePath.length ||
        error.keyword === 'additionalProperties' ||
        error.keyword === 'required',
    );
    for (const error of deeper.length > 0
      ? [union, ...branches.filter((branch) => !deeper.includes(branch))]
      : branches)
      dropped.add(error);
  }
  return errors.filter((error) => !dropped.has(error));
}

function explainOne(root: SchemaNode, value: unknown, error: ErrorObject): Mismatch {
  const at = pathOf(error.instancePath, value);
  const node = failingSchema(root, at, error.schemaPath);
  const params = error.params as Record<string, unknown>;
  if (error.keyword === 'additionalProperties') {
    const key = String(params['additionalProperty']);
    const keys = Object.keys(node.properties ?? {});
    const near = nearest(key, keys);
    const path = [...at, key];
    return {
      kind: 'unknown-key',
      path,
      value: valueAt(value, path),
      expected: keys.map((name) => `"${name}"`).join(', '),
      known: keys,
      secret: looksSecret(key),
      needsSecret: false,
      ...(near === undefined ? {} : { nearest: near }),
    };
  }
  if (error.keyword === 'required') {
    const key = String(params['missingProperty']);
    const property = node.properties?.[key] ?? {};
    return {
      kind: 'missing-key',
      path: [...at, key],
      value: undefined,
      expected: describeSchema(property),
      secret: false,
      needsSecret: false,
      ...described(property),
    };
  }
  const found = valueAt(value, at);
  const near = typeof found === 'string' ? nearest(found, choicesOf(node)) : undefined;
  const secret = node.secret === true || at.some((part) => typeof part === 'string' && looksSecret(part));
  return {
    kind: 'value',
    path: at,
    value: found,
    expected: expectedOf(node, error),
    secret,
    needsSecret: isSecretSchema(node),
    ...described(node),
    ...(near === undefined ? {} : { nearest: near }),
  };
}

function expectedOf(node: SchemaNode, error: ErrorObject): string {
  if (error.keyword === 'uniqueItems')
    return `entries that are all different (entries ${error.params['j'] as number} and ${error.params['i'] as number} are the same)`;
  // Who wrote a list where text was asked does not need the text's pattern yet.
  const { pattern: _, ...plain } = node;
  const words = describeSchema(error.keyword === 'type' ? plain : node);
  return words === 'another value' ? `something that ${error.message ?? 'fits'}` : words;
}

function described(node: SchemaNode): { description?: string } {
  return node.description === undefined ? {} : { description: node.description };
}

/** The texts that the schema lists, for a near miss. */
function choicesOf(node: SchemaNode): string[] {
  return [...(node.enum ?? []), node.const, ...(node.anyOf ?? []).map((branch) => branch.const)].filter(
    (choice) => typeof choice === 'string',
  );
}

/** JSON pointer to path; parts are numbers where the value there is a list. */
function pathOf(pointer: string, value: unknown): (string | number)[] {
  const path: (string | number)[] = [];
  for (const raw of pointer.split('/').slice(1)) {
    const part = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(valueAt(value, path)) ? Number(part) : part);
  }
  return path;
}

function valueAt(value: unknown, path: ValuePath): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string | number, unknown>)[part];
  }
  return at;
}
