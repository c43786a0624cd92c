/** Takes secrets out of what the history keeps and notifications tell: by the names that they stand under, and by their values. Pure. */
import { looksSecret, MASK, maskSecrets } from '../schema/secrets.ts';
import type { HostRecord, RunRecord } from './record.ts';

export type Redact = (text: string) => string;

/** `maskKnown`: takes out the values of secrets that this process has read. */
export function redactor(maskKnownValues: Redact): Redact {
  return (text) => maskNamed(maskKnownValues(text));
}

const NAME = /(--?)?(["']?)([A-Za-z_][\w.-]*)\2(\s*[=:]\s*|\s+)/g;
const VALUE = /"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;"'&|)}\]]+/y;
const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/gi;
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi;

/** `api_key = abc` → `api_key = ********`; `--password abc`, `https://user:abc@host`, `Authorization: Bearer abc` likewise. */
export function maskNamed(text: string): string {
  return maskAssigned(text.replace(CREDENTIALS, `$1${MASK}@`).replace(BEARER, `$1 ${MASK}`));
}

function maskAssigned(text: string): string {
  let masked = '';
  let at = 0;
  for (const match of text.matchAll(NAME)) {
    const [whole, dashes, , name = '', between = ''] = match;
    if (match.index < at) continue;
    // Without = or : only an option takes the next word: `password authentication` is prose.
    const isAssignment = /[=:]/.test(between) || dashes !== undefined;
    if (!isAssignment || !looksSecret(name)) continue;
    VALUE.lastIndex = match.index + whole.length;
    const value = VALUE.exec(text)?.[0];
    if (value === undefined || MASKED.test(value)) continue;
    const quote = /^["']/.exec(value)?.[0] ?? '';
    masked += `${text.slice(at, match.index)}${whole}${quote}${MASK}${quote}`;
    at = match.index + whole.length + value.length;
  }
  return masked + text.slice(at);
}

/** Nothing is left to hide: `Authorization: Bearer ********` names no value. */
const MASKED = /^["']?\*{8}["']?$/;

const EXTRA_VARS = /^(?:-e|--extra-vars)$/;
const EXTRA_VARS_JOINED = /^(-e|--extra-vars=)(.+)$/s;

/** The words of a command line as they may be kept. */
export function maskArgs(argv: readonly string[], redact: Redact): readonly string[] {
  const end = argv.indexOf('--');
  return argv.map((word, index) => {
    const before = argv[index - 1] ?? '';
    const isOurs = end === -1 || index < end;
    if (isOurs && EXTRA_VARS.test(before)) return redact(maskExtraVars(word));
    const joined = isOurs ? EXTRA_VARS_JOINED.exec(word) : null;
    if (joined !== null) return redact(`${joined[1]}${maskExtraVars(joined[2] ?? '')}`);
    if (/^--?[A-Za-z]/.test(before) && !before.includes('=') && looksSecret(before.replace(/^-+/, ''))) return MASK;
    return redact(word);
  });
}

/** JSON by its keys, `key=value` by its name, a file by its path. */
function maskExtraVars(text: string): string {
  if (text.startsWith('@')) return text;
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.stringify(maskSecrets(JSON.parse(text)));
    } catch {
      return MASK;
    }
  }
  return text.replace(
    /(^|\s)([A-Za-z_]\w*)=((?:[^\s"']|"(?:[^"\\]|\\.)*"|'[^']*')*)/g,
    (whole, space: string, name: string, value: string) => {
      if (looksSecret(name)) return `${space}${name}=${MASK}`;
      return /^'?[[{]/.test(value) ? `${space}${name}=${maskExtraVars(value.replace(/^'|'$/g, ''))}` : whole;
    },
  );
}

/** All texts of a record but its ids and names. */
export function redactRecord(record: RunRecord, redact: Redact): RunRecord {
  const text = (value: string | null): string | null => (value === null ? null : redact(value));
  const error = <T extends RunRecord['error']>(value: T): T =>
    value === null
      ? value
      : { ...value, message: redact(value.message), detail: value.detail.map(redact), remedy: redact(value.remedy) };
  const host = (one: HostRecord): HostRecord => ({
    ...one,
    message: text(one.message),
    error: error(one.error),
    changes: one.changes.map((change) => ({
      ...change,
      ...(change.detail === undefined ? {} : { detail: redact(change.detail) }),
      ...(change.diff === undefined ? {} : { diff: change.diff.map(redact) }),
      ...(change.handEdit === undefined ? {} : { handEdit: change.handEdit.map(redact) }),
    })),
    probes: one.probes.map((probe) => ({ ...probe, name: redact(probe.name), detail: redact(probe.detail) })),
  });
  return {
    ...record,
    args: maskArgs(record.args, redact),
    error: error(record.error),
    hosts: record.hosts.map(host),
    notes: record.notes.map((note) => ({ ...note, message: redact(note.message) })),
  };
}
