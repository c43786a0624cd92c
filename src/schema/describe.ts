/** Schemas and values in words, for messages. Pure. */
import { Secret } from '../secrets/secret.ts';

/** The parts of JSON schema that messages speak of. */
export interface SchemaNode {
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly nullable?: boolean;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode | readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly description?: string;
  readonly pattern?: string;
  /** Of text with a pattern: what it is, in words, instead of the pattern. */
  readonly title?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly secret?: boolean;
  readonly not?: unknown;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a map',
  null: 'nothing',
};
const SHOWN_CHARS = 60;

/** `a whole number from 1 to 65535`, `a list of text`, `"udp" or "tcp"`. */
export function describeSchema(schema: SchemaNode): string {
  if (isSecretSchema(schema)) return 'a secret';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return listOr(schema.enum.map((value) => JSON.stringify(value)));
  if (schema.anyOf !== undefined) return listOr([...new Set(schema.anyOf.map(describeSchema))]);
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  if (types.length === 0) return schema.description ?? 'another value';
  return listOr(types.map((type) => describeType(type, schema)));
}

/** Made by `SecretValue`. */
export function isSecretSchema({ secret, not }: SchemaNode): boolean {
  return secret === true && not !== undefined;
}

function describeType(type: string, schema: SchemaNode): string {
  const word = TYPES[type] ?? type;
  if (type === 'array') {
    const items =
      schema.items === undefined || Array.isArray(schema.items)
        ? ''
        : ` of ${describeSchema(schema.items as SchemaNode)}`;
    const count = describeRange(schema.minItems, schema.maxItems);
    return `a list${items}${count === undefined ? '' : ` with ${count} entries`}`;
  }
  if (type === 'integer' || type === 'number') {
    const range = describeRange(schema.minimum, schema.maximum);
    return range === undefined ? word : `${word} ${/^\S+ to/.test(range) ? 'from' : 'of'} ${range}`;
  }
  if (type === 'string') {
    if (schema.pattern !== undefined) return schema.title ?? `${word} that matches ${schema.pattern}`;
    const length = describeRange(schema.minLength, schema.maxLength);
    return length === undefined ? word : `${word} of ${length} characters`;
  }
  return word;
}

/** `1 to 5`, `at least 1`, `at most 5`. */
function describeRange(from: number | undefined, to: number | undefined): string | undefined {
  if (from !== undefined && to !== undefined) return from === to ? String(from) : `${from} to ${to}`;
  if (from !== undefined) return `at least ${from}`;
  return to === undefined ? undefined : `at most ${to}`;
}

export function listOr(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** What was found: `the text "53"`, `the number 1.1`, `a list of 3`, `nothing`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (value instanceof Secret) return 'a secret';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  switch (typeof value) {
    case 'string':
      return value === '' ? 'empty text' : `the text ${shorten(JSON.stringify(value))}`;
    case 'number':
      return `the number ${value}`;
    case 'boolean':
      return String(value);
    default: {
      const keys = Object.keys(value as object);
      return keys.length === 0 ? 'an empty map' : `a map with ${shorten(keys.map((key) => `"${key}"`).join(', '))}`;
    }
  }
}

function shorten(text: string): string {
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`;
}

/** `listen[0].port`. */
export function formatPath(path: readonly (string | number)[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}
