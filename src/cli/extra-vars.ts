/** -e/--extra-vars: `key=value key2="with spaces"`, JSON, or @file (YAML or JSON); later ones win. */
import { readFileSync } from 'node:fs';
import type { Vars, VarValue } from '../inventory/model.ts';
import type { Problem } from '../schema/problems.ts';
import { readSecretMap } from '../secrets/forms.ts';
import { Secret } from '../secrets/secret.ts';
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
  // As a vars file is read: tags of secrets, and files of sops, too.
  const [{ readYaml }, { Sources }] = await Promise.all([
    import('../inventory/yaml-source.ts'),
    import('../inventory/sources.ts'),
  ]);
  const problems: Problem[] = [];
  const value = readYaml(text, path, new Sources(), problems);
  const [first] = problems;
  if (first !== undefined)
    throw new UsageError(`-e @${path}: ${first.message}`, {
      remedy: first.remedy,
      ...(first.where === undefined ? {} : { where: first.where }),
    });
  return asVars(value, `@${path}`);
}

function fromJson(option: string): Vars {
  try {
    return asVars(withForms(JSON.parse(option) as VarValue), option);
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
    return withForms(JSON.parse(text) as VarValue); // JSON has no other values
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return text.replace(
      /"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
      (_whole, double?: string, single?: string) => double ?? single ?? '',
    );
  }
}

/** `{"$secret": {"env": "NAME"}}`, wherever it stands. */
function withForms(value: VarValue): VarValue {
  if (Array.isArray(value)) return (value as readonly VarValue[]).map(withForms);
  if (typeof value !== 'object' || value === null) return value;
  const read = readSecretMap(value as Vars, { dir: process.cwd() });
  if (read === undefined)
    return Object.fromEntries(Object.entries(value as Vars).map(([key, inner]) => [key, withForms(inner)]));
  if ('secret' in read) return read.secret;
  throw new UsageError(`-e: ${read.message}`, { remedy: read.remedy });
}

function asVars(value: unknown, source: string): Vars {
  if (value === null || value === undefined) return {};
  if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Secret)) return value as Vars; // JSON and YAML (core schema) have no other values
  throw new UsageError(`-e ${source}: this is not a map of vars`, {
    remedy: 'Give names and values, as in {"coredns_cache": 30}.',
  });
}
