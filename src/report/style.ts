/** Colours, symbols and width of what people read. Symbols and words carry the meaning; colour only repeats it. Pure. */

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

export interface Style {
  /** Columns that a line may have. */
  readonly columns: number;
  /** Symbols outside ASCII may be used. */
  readonly unicode: boolean;
  /** Long sentences are broken at `columns`; logs keep them whole, for searching. */
  readonly wrap: boolean;
  paint(colour: Colour, text: string): string;
}

export type Mark = 'done' | 'failed' | 'reverted' | 'warning' | 'skipped';

const CODES: Readonly<Record<Colour, readonly [number, number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
};

const SYMBOLS: Readonly<Record<Mark, readonly [string, string]>> = {
  done: ['✔', 'ok'],
  failed: ['✖', 'x'],
  reverted: ['↺', '<-'],
  warning: ['!', '!'],
  skipped: ['–', '-'],
};

export interface StyleOptions {
  readonly colour: boolean;
  readonly columns: number;
  readonly unicode: boolean;
  /** Default false. */
  readonly wrap?: boolean;
}

export function createStyle(options: StyleOptions): Style {
  return {
    columns: Math.max(20, options.columns),
    unicode: options.unicode,
    wrap: options.wrap ?? false,
    paint: (colour, text) => {
      if (!options.colour || text === '') return text;
      const [on, off] = CODES[colour];
      return `\x1b[${on}m${text}\x1b[${off}m`;
    },
  };
}

export function symbol(style: Style, name: Mark): string {
  return SYMBOLS[name][style.unicode ? 0 : 1];
}

/** Columns that the text takes: escape sequences none; our own symbols one each. */
export function visibleWidth(text: string): number {
  return [...text.replace(/\x1b\[[0-9;]*m/g, '')].length;
}

/** `left` and, at the right edge, `right`; in one piece when the line is too narrow for both. */
export function spread(style: Style, left: string, right: string): string {
  const gap = style.columns - visibleWidth(left) - visibleWidth(right);
  return gap < 2 ? `${left}  ${right}` : `${left}${' '.repeat(gap)}${right}`;
}

/** A sentence with `indent` before it, broken between words where the style wants it. */
export function paragraph(style: Style, indent: string, text: string): readonly string[] {
  const width = Math.max(30, style.columns - indent.length);
  if (!style.wrap || visibleWidth(text) <= width) return [`${indent}${text}`];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((part) => `${indent}${part}`);
}
