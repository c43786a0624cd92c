/** -e/--extra-vars: `key=value key2="with spaces"`, JSON, or @file (YAML or JSON); later ones win. */
import { readFileSync } from 'node:fs';
import type { Vars, VarValue } from '../inventory/model.ts';
import { UsageError } from './errors.ts';

/** Merges all -e of a command line. Throws UsageError that quotes the one that cannot be read. */
export async function parseExtraVars(options: readonly string[]): Promise<Vars> {
  let vars: Vars = {};
  for (const option of options) vars = { ...vars, ...(await parseOne(option.trim())) };
  return vars;
}

async function parseOne(option: string): Promise<Vars> {
  if (option.startsWith('@')) return fromFile(option.slice(1));
  if (option.startsWith('{')) return fromJson(option);
  return fromPairs(option);
}

async function fromFile(path: string): Promise<Vars> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`-e @${path}: the file cannot be read`, {
      remedy: 'Give a YAML or JSON file with a map of vars.',
      where: { file: path },
      cause: error,
    });
  }
  const { LineCounter, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, version: '1.2' });
  const [first] = document.errors;
  if (first !== undefined) {
    const { line, col } = lineCounter.linePos(first.pos[0]);
    throw new UsageError(`-e @${path}: ${first.message.split('\n')[0]}`, {
      where: { file: path, line, column: col },
      remedy: 'Correct the file.',
      cause: first,
    });
  }
  return asVars(document.toJS(), `@${path}`);
}

function fromJson(option: string): Vars {
  try {
    return asVars(JSON.parse(option), option);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`-e ${option}: ${error instanceof Error ? error.message : String(error)}`, {
      remedy: `Quote JSON for the shell: -e '{"coredns_cache": 30}'`,
      cause: error,
    });
  }
}

/** `a=1 b="x y"`: words as a shell splits them. */
function fromPairs(option: string): Vars {
  const words = option.match(/(?:[^\s"']|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? [];
  return Object.fromEntries(words.map((word) => pair(word, option)));
}

function pair(word: string, option: string): [string, VarValue] {
  const [, key, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(word) ?? [];
  if (key === undefined || value === undefined) {
    throw new UsageError(`-e ${option}: '${word}' is not key=value`, {
      remedy: 'Give key=value (keys are letters, digits and _), JSON, or @file.',
    });
  }
  return [key, scalar(value)];
}

/** Numbers, booleans, null and JSON lists or maps are what they look like, anything else is text; quotes make text of all. */
function scalar(text: string): VarValue {
  const quoted = /^'([^']*)'$/s.exec(text)?.[1];
  if (quoted !== undefined) return quoted;
  try {
    return JSON.parse(text) as VarValue; // JSON has no other values
  } catch {
    return text.replace(
      /"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
      (_whole, double?: string, single?: string) => double ?? single ?? '',
    );
  }
}

function asVars(value: unknown, source: string): Vars {
  if (value === null || value === undefined) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Vars; // JSON and YAML (core schema) have no other values
  throw new UsageError(`-e ${source}: this is not a map of vars`, {
    remedy: 'Give names and values, as in {"coredns_cache": 30}.',
  });
}
