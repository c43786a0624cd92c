/** Reads one YAML file into plain values: what is doubtful or would be read differently by Ansible is a problem, never a guess. */
import { dirname, resolve } from 'node:path';
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { SourceLocation } from '../errors.ts';
import type { Problem } from '../schema/problems.ts';
import { type FormPlace, type FormRead, kindOfTag, readForm, readSecretMap } from '../secrets/forms.ts';
import type { Secret } from '../secrets/secret.ts';
import { isSopsDocument, withSecrets } from '../secrets/sops-document.ts';
import type { VarValue } from './model.ts';
import type { Sources } from './sources.ts';
import { scalarValue } from './yaml-scalar.ts';
import { wordSyntaxError } from './yaml-syntax.ts';

/** A bound for anchors that contain each other many times over. */
const VALUES_MAX = 200_000;

/** The value of a file (null when it is empty); undefined when its syntax is wrong. Problems are added to `problems`. */
export function readYaml(text: string, file: string, sources: Sources, problems: Problem[]): VarValue | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    keepSourceTokens: false,
    logLevel: 'error',
    schema: 'core', // whatever a %YAML directive says: the same text means the same everywhere
  });
  const [error] = document.errors; // the others follow from the first
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({ ...wordSyntaxError(error.code, error.message, text, line), where: { file, line, column: col } });
    return undefined;
  }
  const value = new Reader({ document, file, lines, sources, problems }).value(document.contents, '');
  if (isSopsDocument(value)) withSecrets(value, resolve(file), (container, key) => sources.at(container, key));
  else if (/\.sops\.(?:ya?ml|json)$/.test(file)) problems.push(notEncrypted(file));
  return value;
}

/** Somebody saved it in plain text: it must not be read as if all were well. */
function notEncrypted(file: string): Problem {
  return {
    message: 'is named as a file of sops and is not encrypted',
    where: { file },
    remedy: `Encrypt it: sops --encrypt --in-place ${file}; if it was committed so, its secrets are known: change them.`,
  };
}

interface Context {
  readonly document: Document.Parsed;
  readonly file: string;
  readonly lines: LineCounter;
  readonly sources: Sources;
  readonly problems: Problem[];
}

type Target = { [key: string]: VarValue };

class Reader {
  readonly #ctx: Context;
  readonly #open = new Set<unknown>();
  #values = 0;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** `key` is the key under which the node stands, for messages. */
  value(node: unknown, key: string): VarValue {
    if (node === null || node === undefined) return null;
    this.#values += 1;
    if (this.#values > VALUES_MAX) {
      if (this.#values === VALUES_MAX + 1)
        this.#problem(
          node,
          `more than ${VALUES_MAX} values: anchors multiply each other`,
          'Write the values out, or use fewer anchors.',
        );
      return null;
    }
    if (isAlias(node)) return this.#alias(node, key);
    const kind = kindOfTag((node as Scalar | YAMLMap | YAMLSeq).tag);
    if (kind !== undefined) return this.#secret(node, (place) => readForm(kind, plainOf(node), place));
    if (!this.#hasKnownTag(node as Scalar | YAMLMap | YAMLSeq)) return null;
    if (isMap(node)) {
      const map = this.#map(node);
      return this.#secret(node, (place) => readSecretMap(map as Readonly<Record<string, unknown>>, place)) ?? map;
    }
    if (isSeq(node)) return this.#list(node, key);
    return isScalar(node) ? this.#scalar(node, key) : null;
  }

  #alias(node: Alias, key: string): VarValue {
    const target = node.resolve(this.#ctx.document);
    if (target === undefined)
      return this.#problem(
        node,
        `the anchor "&${node.source}" is not defined before its use "*${node.source}"`,
        `Define &${node.source} further up in the same file, or write the value out.`,
      );
    if (this.#open.has(target))
      return this.#problem(node, `the anchor "&${node.source}" contains itself`, 'Write the value out.');
    return this.value(target, key);
  }

  #scalar(node: Scalar, key: string): VarValue {
    const read = scalarValue(node, key);
    return 'value' in read ? read.value : this.#problem(node, read.message, read.remedy);
  }

  /** null: what stands there means no secret, or a wrong one, which is then a problem. */
  #secret(node: unknown, read: (place: FormPlace) => FormRead | undefined): Secret | null {
    const form = read({ dir: dirname(resolve(this.#ctx.file)), where: this.#place(offsetOf(node) ?? 0) });
    if (form === undefined) return null;
    return 'secret' in form ? form.secret : this.#problem(node, form.message, form.remedy);
  }

  #list(node: YAMLSeq, key: string): VarValue {
    const list: VarValue[] = [];
    const offsets = this.#ctx.sources.add(list, this.#ctx.file, this.#ctx.lines);
    this.#open.add(node);
    for (const item of node.items) {
      offsets.set(list.length, offsetOf(item) ?? offsetOf(node) ?? 0);
      list.push(this.value(item, key));
    }
    this.#open.delete(node);
    return list;
  }

  #map(node: YAMLMap): VarValue {
    // No prototype: a key called `__proto__` or `constructor` is a key as any other.
    const map = Object.create(null) as Target;
    const offsets = this.#ctx.sources.add(map, this.#ctx.file, this.#ctx.lines);
    const merges: Pair[] = [];
    this.#open.add(node);
    for (const pair of node.items) {
      if (isMergeKey(pair)) {
        merges.push(pair);
        continue;
      }
      const key = this.#key(pair);
      if (key === undefined) continue;
      const offset = offsetOf(pair.key) ?? 0;
      const earlier = offsets.get(key);
      if (earlier === undefined) {
        offsets.set(key, offset);
        map[key] = this.value(pair.value, key);
      } else {
        this.#duplicate(key, earlier, offset);
      }
    }
    for (const merge of merges) this.#merge(map, offsets, merge);
    this.#open.delete(node);
    return map;
  }

  /** `<<: *anchor`, as Ansible reads it: keys that stand in the map itself win. */
  #merge(map: Target, offsets: Map<string | number, number>, pair: Pair): void {
    const merged = this.value(pair.value, '<<');
    for (const source of Array.isArray(merged) ? merged : [merged]) {
      if (typeof source !== 'object' || source === null || Array.isArray(source)) {
        this.#problem(pair.key, '"<<" merges maps, and this is none', 'Write <<: *anchor with the anchor of a map.');
        return;
      }
      for (const [key, value] of Object.entries(source as Target)) {
        if (key in map) continue;
        map[key] = value;
        offsets.set(key, offsetOf(pair.key) ?? 0);
      }
    }
  }

  #key({ key }: Pair): string | undefined {
    if (isScalar(key)) return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
    this.#problem(key, 'a key must be a word', 'Write the key as text; a template such as {{ x }} needs quotes.');
    return undefined;
  }

  #duplicate(key: string, earlier: number, offset: number): void {
    const first = this.#place(earlier);
    this.#ctx.problems.push({
      message: `"${key}" is written twice in one map: on line ${first.line} and on line ${this.#place(offset).line}`,
      where: this.#place(offset),
      also: [first],
      remedy: 'Keep one of the two; YAML would silently take the last.',
    });
  }

  #hasKnownTag(node: Scalar | YAMLMap | YAMLSeq): boolean {
    const { tag } = node;
    if (tag === undefined || tag.startsWith('tag:yaml.org,2002:') || tag === '!' || tag === '!unsafe') return true;
    if (tag === '!vault')
      this.#problem(
        node,
        'values encrypted with ansible-vault cannot be read',
        'Name where the secret is kept: !env NAME, !command [program, argument] or !sops FILE#KEY (docs/secrets.md).',
      );
    else this.#problem(node, `unknown YAML tag "${tag}"`, `Remove ${tag}, or put quotes around the value.`);
    return false;
  }

  #problem(node: unknown, message: string, remedy: string): null {
    this.#ctx.problems.push({ message, where: this.#place(offsetOf(node) ?? 0), remedy });
    return null;
  }

  #place(offset: number): SourceLocation & { readonly line: number } {
    const { line, col } = this.#ctx.lines.linePos(offset);
    return { file: this.#ctx.file, line, column: col };
  }
}

/** What stands after a tag: a scalar's text, or the texts of a list. */
function plainOf(node: unknown): unknown {
  if (isSeq(node)) return node.items.map((item) => (isScalar(item) && item.tag === undefined ? item.value : undefined));
  return isScalar(node) ? node.value : undefined;
}

function offsetOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | null | undefined)?.range?.[0];
}

function isMergeKey({ key }: Pair): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}
