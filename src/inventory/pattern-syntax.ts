/** Splits host patterns into terms: `dns:&dc1:!ns2`, `ns1,ns2`, `~ns\d+`, `dns[0:1]`. Pure. */
import { isIPv6 } from 'node:net';
import { PatternSyntaxError } from './errors.ts';

export interface Subscript {
  /** From 0; negative counts from the end. */
  readonly from: number;
  /** Included; undefined: only `from`; 'end': to the last. */
  readonly to?: number | 'end';
}

export interface PatternTerm {
  /** As written, with its sign. */
  readonly text: string;
  readonly sign: 'add' | 'intersect' | 'exclude';
  readonly match:
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'glob'; readonly regex: RegExp }
    | { readonly kind: 'regex'; readonly regex: RegExp };
  readonly subscript?: Subscript;
}

/** `isName`: whether a word is a host or group of the inventory: names may hold colons (IPv6). */
export function parsePattern(pattern: string, isName: (word: string) => boolean): readonly PatternTerm[] {
  const words = split(pattern, ',').flatMap((piece) => splitColons(piece, isName));
  const terms = words.map((word) => word.trim()).filter((word) => word !== '');
  if (terms.length === 0)
    throw new PatternSyntaxError('an empty pattern selects nothing', {
      remedy: 'Name hosts or groups; "all" means all hosts.',
    });
  return terms.map((word) => parseTerm(word, pattern, isName));
}

/** At `:`, but not inside an IPv6 address. */
function splitColons(piece: string, isName: (word: string) => boolean): readonly string[] {
  const isWhole = (word: string): boolean => {
    const bare = word.trim().replace(/^[!&]/, '');
    return isIPv6(bare) || isName(bare);
  };
  if (isWhole(piece)) return [piece];
  // `:!` and `:&` begin a term whatever stands around them.
  return split(piece, ':', /^[!&]/).flatMap((part) => (isWhole(part) ? [part] : split(part, ':')));
}

/** Splits at a character outside brackets, and in a regex outside its parentheses and braces too. */
function split(text: string, separator: string, before?: RegExp): readonly string[] {
  const parts: string[] = [];
  let begin = 0;
  let depth = 0;
  let regex = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (/^\s*[!&]?~$/.test(text.slice(begin, i + 1))) regex = true;
    if (char === '\\' && regex) i++;
    else if (char === '[' || (regex && (char === '(' || char === '{'))) depth++;
    else if (char === ']' || (regex && (char === ')' || char === '}'))) depth = Math.max(0, depth - 1);
    else if (char === separator && depth === 0 && (before === undefined || before.test(text.slice(i + 1)))) {
      parts.push(text.slice(begin, i));
      begin = i + 1;
      regex = false;
    }
  }
  return [...parts, text.slice(begin)];
}

function parseTerm(text: string, pattern: string, isName: (word: string) => boolean): PatternTerm {
  const sign = text.startsWith('!') ? 'exclude' : text.startsWith('&') ? 'intersect' : 'add';
  const body = sign === 'add' ? text : text.slice(1).trim();
  if (body === '')
    throw new PatternSyntaxError(`"${text}" in the pattern "${pattern}" names nothing`, {
      remedy: `Write a host or group after the "${text}".`,
    });
  if (body.startsWith('~')) return { text, sign, match: { kind: 'regex', regex: compileRegex(body.slice(1), text) } };
  if (isName(body)) return { text, sign, match: { kind: 'name', name: body } };
  const subscripted = /^(.+)\[(?:(-?\d{1,6})|(\d{1,6})([:-])(\d{0,6}))\]$/.exec(body);
  const base = subscripted?.[1] ?? body;
  const subscript = subscripted === null ? {} : { subscript: parseSubscript(subscripted) };
  // `ns[a:c]` and `ns[01:10:2]` are ranges of names, not sets of characters.
  if (/\[[^\]]*:[^\]]*\]/.test(base)) return { text, sign, match: { kind: 'name', name: base } };
  if (/[*?[\]]/.test(base))
    return { text, sign, match: { kind: 'glob', regex: compileGlob(base, text) }, ...subscript };
  return { text, sign, match: { kind: 'name', name: base }, ...subscript };
}

function parseSubscript([, , single, from, , to]: RegExpExecArray): Subscript {
  if (single !== undefined) return { from: Number(single) };
  return { from: Number(from), to: to === undefined || to === '' ? 'end' : Number(to) };
}

/** As Python's re.match: from the beginning, but not necessarily to the end. */
function compileRegex(source: string, text: string): RegExp {
  const [, flags = '', rest = source] = /^\(\?([ims]+)\)(.*)$/s.exec(source) ?? [];
  try {
    return new RegExp(`^(?:${rest.replaceAll('(?P<', '(?<')})`, flags);
  } catch (cause) {
    throw new PatternSyntaxError(
      `"${text}" is not a regular expression: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause, remedy: 'Correct it. Patterns of shells (ns*) are written without the "~".' },
    );
  }
}

/** As Python's fnmatch: `*`, `?`, `[abc]`, `[a-c]`, `[!a]`; the whole name, capitals matter. */
function compileGlob(glob: string, text: string): RegExp {
  let source = '';
  for (let i = 0; i < glob.length; i++) {
    const char = glob.charAt(i);
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (char === '[') {
      const close = glob.indexOf(']', glob.charAt(i + 1) === '!' ? i + 3 : i + 2);
      if (close === -1)
        throw new PatternSyntaxError(`"${text}" has a "[" without a "]"`, {
          remedy: 'Close the bracket: ns[12], or dns[0] for the first host of a group.',
        });
      const set = glob.slice(i + 1, close).replace(/[\\\]]/g, '\\$&');
      source += set.startsWith('!') ? `[^${set.slice(1)}]` : `[${set.replace(/^\^/, '\\^')}]`;
      i = close;
    } else source += char.replace(/[\\^$.|+(){}\]]/g, '\\$&');
  }
  return compileGlobSource(source, text);
}

function compileGlobSource(source: string, text: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`, 's');
  } catch (cause) {
    throw new PatternSyntaxError(
      `"${text}" is not a pattern: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause, remedy: 'Write the characters in brackets in their order: ns[a-c].' },
    );
  }
}
