/** An error as people read it: what and where, the lines it is about, what to do next. Pure; files are read by the caller. */
import type { ErrorReport } from '../engine/events.ts';
import { printable, printableLines } from './sanitize.ts';
import { paragraph, type Style, symbol } from './style.ts';

export interface ErrorTextInput {
  readonly error: ErrorReport;
  readonly style: Style;
  /** The source line of the error and the one before it, numbered; empty when the file cannot be read. */
  readonly source: readonly SourceLine[];
  /** Makes an absolute path short, as the user would type it. */
  readonly shorten: (path: string) => string;
}

export interface SourceLine {
  readonly number: number;
  readonly text: string;
}

export function errorText({ error, style, source, shorten }: ErrorTextInput): readonly string[] {
  const [first = '', ...more] = printableLines(error.message);
  const headline = withLocation(first, error, shorten);
  return [
    `${style.paint('red', symbol(style, 'failed'))} ${style.paint('bold', headline)}`,
    ...more.map((line) => `    ${line}`),
    ...sourceLines(error, source),
    ...error.detail.flatMap(printableLines).map((line) => `    ${line}`),
    ...printableLines(error.remedy).flatMap((line) => paragraph(style, '  ', line)),
  ];
}

/** `file:line: ` in front, unless the message names the file itself. */
function withLocation(message: string, { file, line }: ErrorReport, shorten: (path: string) => string): string {
  if (file === undefined) return message;
  const short = printable(shorten(file));
  if (message.includes(file)) return message.replaceAll(file, short);
  if (message.includes(short)) return message;
  return line === undefined ? `${short}: ${message}` : `${short}:${line}: ${message}`;
}

/** Not when the detail quotes the same line already. */
function sourceLines(error: ErrorReport, source: readonly SourceLine[]): readonly string[] {
  const wanted = source.find(({ number }) => number === error.line)?.text.trim() ?? '';
  if (wanted === '' || error.detail.some((line) => line.includes(wanted))) return [];
  const digits = String(source.at(-1)?.number ?? 0).length;
  return source.map(({ number, text }) => `    ${String(number).padStart(digits)}  ${printable(text)}`);
}
