/** Domain names: presentation form (RFC 1035 §5.1), wire form, and the canonical order of RFC 4034 §6.1. */
import { domainToASCII } from 'node:url';

/** Octets of a name on the wire, the root's length octet included (RFC 1035 §3.1). */
const NAME_OCTETS_MAX = 255;
const LABEL_OCTETS_MAX = 63;

/** Names that need no unescaping: nearly all. Dots are single and not leading. */
const PLAIN = /^(?:[A-Za-z0-9_*/-]{1,63}\.)*[A-Za-z0-9_*/-]{1,63}\.?$/;

/** A name as parsed: absolute, in canonical presentation form; or why it is none. */
export type ParsedName = { readonly name: string } | { readonly fault: string; readonly remedy: string };

/** Reads a name as written in a master file. `@` is the origin; a name without a dot at its end gets the origin appended. */
export function parseName(written: string, origin: string): ParsedName {
  if (written === '@') return { name: origin };
  if (written === '.') return { name: '.' };
  if (PLAIN.test(written)) {
    const isAbsolute = written.endsWith('.');
    const name = isAbsolute ? written : origin === '.' ? `${written}.` : `${written}.${origin}`;
    // An escape takes more characters than the octet that it stands for: only a long text can be a long name.
    return name.length < NAME_OCTETS_MAX ? { name } : checkedLength(name);
  }
  const labels = readLabels(written);
  if (!Array.isArray(labels)) return labels;
  const isAbsolute = labels.at(-1) === '';
  if (isAbsolute) labels.pop();
  const own = labels.map(escapeLabel).join('.');
  return checkedLength(isAbsolute || origin === '.' ? `${own}.` : `${own}.${origin}`);
}

function checkedLength(name: string): ParsedName {
  const octets = labelsOf(name).reduce((sum, label) => sum + label.length + 1, 1);
  if (octets <= NAME_OCTETS_MAX) return { name };
  return {
    fault: `name of ${octets} octets`,
    remedy: `A domain name has at most ${NAME_OCTETS_MAX} octets (RFC 1035 §2.3.4). Shorten it.`,
  };
}

/** Labels of octets (as chars 0–255), unescaped; a last empty label stands for the dot at the end. */
function readLabels(written: string): string[] | { readonly fault: string; readonly remedy: string } {
  const labels: string[] = [];
  let label = '';
  for (let i = 0; i < written.length; i++) {
    const char = written[i] as string;
    if (char === '.') {
      if (label === '') return { fault: 'empty label', remedy: 'Remove the dot that stands first or twice in a row.' };
      labels.push(label);
      label = '';
      continue;
    }
    if (char === '\\') {
      const escaped = readEscape(written, i + 1);
      if (escaped === undefined) return badEscape(written.slice(i, i + 4));
      label += escaped.octet;
      i += escaped.length;
      continue;
    }
    if (char > '\x7e') return notAscii(written);
    label += char;
  }
  labels.push(label);
  const long = labels.find((one) => one.length > LABEL_OCTETS_MAX);
  if (long === undefined) return labels;
  return {
    fault: `label of ${long.length} octets`,
    remedy: `A label has at most ${LABEL_OCTETS_MAX} octets (RFC 1035 §2.3.4). Shorten it.`,
  };
}

/** What follows a backslash: `DDD` (0 to 255), or one character that stands for itself. */
export function readEscape(text: string, at: number): { readonly octet: string; readonly length: number } | undefined {
  const next = text[at];
  if (next === undefined || next > '\x7e') return undefined;
  if (next < '0' || next > '9') return { octet: next, length: 1 };
  const digits = text.slice(at, at + 3);
  const value = /^[0-9]{3}$/.test(digits) ? Number(digits) : 256;
  return value > 255 ? undefined : { octet: String.fromCharCode(value), length: 3 };
}

export function badEscape(shown: string): { readonly fault: string; readonly remedy: string } {
  return {
    fault: `${JSON.stringify(shown)} is not an escape`,
    remedy: 'After a backslash comes one character, or the three digits of an octet from 000 to 255 (RFC 1035 §5.1).',
  };
}

function notAscii(written: string): { readonly fault: string; readonly remedy: string } {
  const ascii = domainToASCII(written.replace(/\.$/, ''));
  const write = ascii === '' ? 'Write it in ASCII.' : `Write ${ascii}${written.endsWith('.') ? '.' : ''}.`;
  return {
    fault: 'characters beyond ASCII in a name',
    remedy: `Clients ask for the name in its ASCII form (RFC 5891). ${write}`,
  };
}

/** One label in canonical presentation form. */
function escapeLabel(label: string): string {
  return label.replace(/[^!#%-'*-\-/-:<-?A-[\]-~]/g, (char) =>
    /[.\\"();@$]/.test(char) ? `\\${char}` : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`,
  );
}

/** The labels of a name in canonical form, unescaped, leftmost first. */
export function labelsOf(name: string): string[] {
  if (name === '.') return [];
  if (!name.includes('\\')) return name.slice(0, -1).split('.');
  const labels = readLabels(name);
  if (!Array.isArray(labels)) throw new Error(`not a canonical name: ${name}`);
  labels.pop();
  return labels;
}

/** DNS compares names without regard to ASCII case (RFC 4343). */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** Is `name` the zone's apex or below it? Both folded. */
export function isInZone(name: string, apex: string): boolean {
  if (name === apex || apex === '.') return true;
  // An escaped dot is no boundary between labels.
  return name.endsWith(`.${apex}`) && (!name.includes('\\') || labelsOf(name).length > labelsOf(apex).length);
}

/** The name one label up; undefined for the root. */
export function parentOf(name: string): string | undefined {
  if (name === '.') return undefined;
  if (!name.includes('\\')) return name.slice(name.indexOf('.') + 1) || '.';
  const labels = labelsOf(name);
  return labels.length === 1 ? '.' : `${labels.slice(1).map(escapeLabel).join('.')}.`;
}

/** Sorts like RFC 4034 §6.1 when compared as a string: labels from the right, absence first. */
export function nameSortKey(name: string): string {
  const labels = labelsOf(foldName(name)).reverse();
  // Two zero octets end a label, so that its end sorts before any octet; a zero octet inside is told from that.
  const safe = name.includes('\\') ? labels.map((label) => label.replaceAll('\0', '\0\x01')) : labels;
  return safe.join('\0\0');
}

export function nameToWire(name: string): number[] {
  const octets: number[] = [];
  for (const label of labelsOf(name)) {
    octets.push(label.length);
    for (let i = 0; i < label.length; i++) octets.push(label.charCodeAt(i));
  }
  octets.push(0);
  return octets;
}

/** Reads an uncompressed name; undefined when it runs over the end or is compressed. */
export function nameFromWire(
  octets: Uint8Array,
  from: number,
): { readonly name: string; readonly next: number } | undefined {
  let at = from;
  let name = '';
  for (;;) {
    const length = octets[at];
    if (length === undefined || length > LABEL_OCTETS_MAX || at + 1 + length > octets.length) return undefined;
    at++;
    if (length === 0) return at - from > NAME_OCTETS_MAX ? undefined : { name: name === '' ? '.' : name, next: at };
    name += `${escapeLabel(String.fromCharCode(...octets.subarray(at, at + length)))}.`;
    at += length;
  }
}

/** `www` for `www.example.com.` in `example.com.`, `@` for the apex itself, else the name as it is. */
export function relativeName(name: string, apex: string): string {
  if (foldName(name) === foldName(apex)) return '@';
  return isInZone(foldName(name), foldName(apex)) && apex !== '.' ? name.slice(0, -apex.length - 1) : name;
}
