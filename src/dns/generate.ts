/** $GENERATE: one line of a master file that stands for many (BIND 9 Administrator Reference Manual; CoreDNS's reading of it). */

/** Records that one $GENERATE may make. */
const STEPS_MAX = 65_536;

export class GenerateFault extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

export interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** `1-254` or `0-254/2`. */
export function parseRange(written: string): Range {
  const match = /^(\d{1,10})-(\d{1,10})(?:\/(\d{1,10}))?$/.exec(written);
  const [from, to, step] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3] ?? 1)];
  if (match === null || step < 1 || to < from)
    throw new GenerateFault(`${JSON.stringify(written)} is not a range`, 'Write FROM-TO or FROM-TO/STEP, e.g. 1-254.');
  const steps = Math.floor((to - from) / step) + 1;
  if (steps > STEPS_MAX)
    throw new GenerateFault(`range of ${steps} steps`, `At most ${STEPS_MAX} records: use several lines.`);
  return { from, to, step };
}

/** The lines that a template makes. `$` is the number, `${offset,width,base}` the number changed, `$$` and `\$` a dollar sign. */
export function* expand(template: string, { from, to, step }: Range): Generator<string> {
  const parts = parseTemplate(template, from, to);
  for (let i = from; i <= to; i += step)
    yield parts.map((part) => (typeof part === 'string' ? part : part(i))).join('');
}

type Part = string | ((i: number) => string);

function parseTemplate(template: string, from: number, to: number): readonly Part[] {
  const parts: Part[] = [];
  const pattern = /\\(.?)|\$\$|\$\{([^}]*)\}|(\$)(?!\{)|([^\\$]+)|\$/gs;
  for (const [found, escaped, modifier, number, text] of template.matchAll(pattern)) {
    if (found === '$$' || found === '\\$') parts.push('$');
    else if (escaped !== undefined)
      throw new GenerateFault(
        `${JSON.stringify(found)} in $GENERATE`,
        'Only \\$ may be escaped here: CoreDNS drops other escapes. Write these records out.',
      );
    else if (modifier !== undefined) parts.push(parseModifier(modifier, from, to));
    else if (number !== undefined) parts.push(String);
    else if (text !== undefined) parts.push(text);
    else throw new GenerateFault('"${" without "}"', 'Close the modifier.');
  }
  return parts;
}

function parseModifier(written: string, from: number, to: number): Part {
  const match = /^([+-]?\d{1,10})(?:,(\d{1,3})(?:,([doxX]))?)?$/.exec(written);
  const offset = Number(match?.[1]);
  const width = Number(match?.[2] ?? 0);
  if (match === null || width > 255)
    throw new GenerateFault(`modifier \${${written}}`, 'Write ${OFFSET,WIDTH,BASE}: base d, o, x or X, e.g. ${0,3,d}.');
  if (from + offset < 0 || to + offset > 2 ** 31 - 1)
    throw new GenerateFault(
      `modifier \${${written}} leaves the range of numbers`,
      'Results must lie between 0 and 2147483647.',
    );
  const base = match[3] ?? 'd';
  return (i) => {
    const digits = (i + offset).toString(base === 'd' ? 10 : base === 'o' ? 8 : 16);
    return (base === 'X' ? digits.toUpperCase() : digits).padStart(width, '0');
  };
}
