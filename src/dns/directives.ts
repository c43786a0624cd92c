/** $ORIGIN, $TTL, $INCLUDE (RFC 1035 §5.1, RFC 2308 §4) and $GENERATE. Included and generated lines are read here, on the controller. */
import { parseSeconds } from './fields.ts';
import { expand, GenerateFault, parseRange } from './generate.ts';
import type { Entry, Token } from './lexer.ts';
import { parseName } from './names.ts';
import { nearest } from './nearest.ts';
import { type Complaint, type FileState, type MasterFileReader, TTL_MAX } from './reading.ts';
import { isKeyword } from './type-names.ts';

/** CoreDNS's limit of nested $INCLUDE. */
const INCLUDE_DEPTH_MAX = 7;
/** What CoreDNS gives to generated records without a TTL, whatever $TTL says (miekg/dns generate.go). Seconds. */
const GENERATE_TTL = 3600;

/** Why a directive cannot be taken, and at which word. */
class Refusal extends Error {
  readonly token: Token;
  readonly complaint: Complaint;

  constructor(token: Token, complaint: Complaint, cause?: unknown) {
    super(complaint.message, { cause });
    this.token = token;
    this.complaint = complaint;
  }
}

function refusal(token: Token, complaint: Complaint, cause?: unknown): Refusal {
  return new Refusal(token, complaint, cause);
}

interface Directive {
  readonly reader: MasterFileReader;
  readonly state: FileState;
  readonly word: Token;
  readonly args: readonly Token[];
}

const DIRECTIVES: Readonly<Record<string, (directive: Directive) => void>> = {
  $ORIGIN: readOrigin,
  $TTL: readTtl,
  $INCLUDE: readInclude,
  $GENERATE: readGenerate,
};

export function readDirective(reader: MasterFileReader, entry: Entry, state: FileState): void {
  const [word, ...args] = entry.tokens as [Token, ...Token[]];
  try {
    directiveNamed(word, args)({ reader, state, word, args });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    reader.report(state, error.token, error.complaint);
  }
}

function directiveNamed(word: Token, args: readonly Token[]): (directive: Directive) => void {
  const name = word.text.toUpperCase();
  const known = Object.hasOwn(DIRECTIVES, name) ? DIRECTIVES[name] : undefined;
  if (known === undefined) {
    const close = nearest(name, Object.keys(DIRECTIVES));
    const remedy =
      close === undefined
        ? `There are ${Object.keys(DIRECTIVES).join(', ')}. A name that begins with a dollar sign is written \\$….`
        : `Did you mean ${close}?`;
    throw refusal(word, { code: 'unknown-directive', message: `${word.text} is not a directive`, remedy });
  }
  const glued = args.find((arg) => arg.glued);
  if (glued !== undefined) {
    throw refusal(glued, {
      code: 'no-blank',
      message: `no blank before ${JSON.stringify(glued.text)}`,
      remedy: 'Separate the two with a blank.',
    });
  }
  const keyword = args.find(({ text, quoted }) => !quoted && isKeyword(text));
  if (keyword !== undefined && name !== '$GENERATE') {
    const remedy =
      'CoreDNS takes it for a record type or class. Write a name with a dot at its end, a path with ./ before it.';
    throw refusal(keyword, {
      code: 'bad-directive',
      message: `${JSON.stringify(keyword.text)} after ${word.text}`,
      remedy,
    });
  }
  return known;
}

function readOrigin({ state, word, args: [name, extra] }: Directive): void {
  if (name === undefined || name.quoted || extra !== undefined) {
    throw refusal(extra ?? word, {
      code: 'bad-directive',
      message: '$ORIGIN takes one name',
      remedy: 'Write $ORIGIN example.com.',
    });
  }
  state.origin = nameOf(name, state);
}

function nameOf(token: Token, state: FileState): string {
  const parsed = parseName(token.text, state.origin);
  if ('fault' in parsed) throw refusal(token, { code: 'bad-name', message: parsed.fault, remedy: parsed.remedy });
  return parsed.name;
}

function readTtl({ state, word, args: [time, extra] }: Directive): void {
  const seconds = time === undefined || time.quoted ? undefined : parseSeconds(time.text);
  if (seconds === undefined || seconds > TTL_MAX || extra !== undefined) {
    const remedy = `Write $TTL 3600, or with units $TTL 1h; at most ${TTL_MAX} s (RFC 2181 §8).`;
    throw refusal(extra ?? time ?? word, { code: 'bad-ttl', message: '$TTL takes one time', remedy });
  }
  state.ttl = { seconds, isDirective: true };
}

function readInclude({ reader, state, word, args: [path, origin, extra] }: Directive): void {
  if (path === undefined || path.quoted || origin?.quoted === true || extra !== undefined) {
    const remedy = 'Write $INCLUDE ../includes/hosts without quotes.';
    throw refusal(extra ?? word, {
      code: 'bad-directive',
      message: '$INCLUDE takes a path and perhaps an origin',
      remedy,
    });
  }
  if (state.depth >= INCLUDE_DEPTH_MAX) {
    throw refusal(word, {
      code: 'include-depth',
      message: `$INCLUDE nested more than ${INCLUDE_DEPTH_MAX} deep`,
      remedy: 'Does the file include itself?',
    });
  }
  const newOrigin = origin === undefined ? state.origin : nameOf(origin, state);
  const file = resolve(state.file, path.text);
  let text: string;
  try {
    text = reader.include(file);
  } catch (error) {
    const message = `${file} cannot be included: ${error instanceof Error ? error.message : String(error)}`;
    throw refusal(
      path,
      {
        code: 'include-failed',
        message,
        remedy: 'Correct the path: it starts from the folder of the file that includes it.',
      },
      error,
    );
  }
  // Origin, TTL and owner of the included file end with it (RFC 1035 §5.1).
  reader.readText(text, {
    file,
    depth: state.depth + 1,
    origin: newOrigin,
    ttl: state.ttl,
    owner: undefined,
    isOwnerBad: false,
  });
}

/** Joins like node:path's posix.join, which this pure module does without. */
function resolve(from: string, path: string): string {
  if (path.startsWith('/')) return path;
  const parts = from.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function readGenerate({ reader, state, word, args: [range, ...template] }: Directive): void {
  if (state.generatedBy !== undefined)
    throw refusal(word, {
      code: 'bad-directive',
      message: '$GENERATE inside $GENERATE',
      remedy: 'Write two lines.',
    });
  if (range === undefined || range.quoted || template.length < 3) {
    const remedy = 'Write $GENERATE 1-254 host-$ IN A 192.0.2.$.';
    throw refusal(word, {
      code: 'bad-directive',
      message: '$GENERATE takes a range, an owner, a type and data',
      remedy,
    });
  }
  const keyword = template.find(({ text, quoted }) => !quoted && /^(?:TYPE|CLASS)(?!\d{1,5}$)/i.test(text));
  if (keyword !== undefined) {
    const remedy =
      'CoreDNS takes words that begin with TYPE or CLASS for types and classes here. Write these records out.';
    throw refusal(keyword, {
      code: 'bad-generate',
      message: `${JSON.stringify(keyword.text)} in $GENERATE`,
      remedy,
    });
  }
  const lines = generate(range, template);
  warnOfTtl(reader, template, state, word);
  reader.readEntries(lines, {
    ...state,
    ttl: { seconds: GENERATE_TTL, isDirective: false },
    owner: undefined,
    isOwnerBad: false,
    generatedBy: word,
  });
}

function generate(range: Token, template: readonly Token[]): string {
  const line = template.map(({ text, quoted }) => (quoted ? `"${text}"` : text)).join(' ');
  try {
    return `${[...expand(line, parseRange(range.text))].join('\n')}\n`;
  } catch (error) {
    if (!(error instanceof GenerateFault)) throw error;
    throw refusal(range, { code: 'bad-generate', message: error.message, remedy: error.remedy }, error);
  }
}

/** BIND gives $TTL to generated records, CoreDNS always an hour: say so where it makes a difference. */
function warnOfTtl(reader: MasterFileReader, template: readonly Token[], state: FileState, word: Token): void {
  const hasTtl = template.slice(1, 3).some(({ text, quoted }) => !quoted && parseSeconds(text) !== undefined);
  const usual = state.ttl?.seconds;
  if (hasTtl || usual === undefined || usual === GENERATE_TTL) return;
  reader.report(state, word, {
    severity: 'warning',
    code: 'generate-ttl',
    message: `these records get TTL ${GENERATE_TTL}, not ${usual}`,
    remedy: `CoreDNS does not apply $TTL to $GENERATE. Write the TTL in the line: $GENERATE … ${template[0]?.text} ${usual} IN ….`,
  });
}
