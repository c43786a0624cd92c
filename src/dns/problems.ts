/** What is wrong with a master file: collected with the lines it concerns, all in one reading. */
import type { SourceLocation } from '../errors.ts';

export interface ZoneProblem {
  /** Errors break or lose data, or CoreDNS refuses them. Warnings load, and are probably not what was meant. */
  readonly severity: 'error' | 'warning';
  /** Stable, e.g. `cname-and-other-data`. */
  readonly code: string;
  readonly message: string;
  readonly where: Required<SourceLocation>;
  /** The lines concerned, as `16  www IN A 192.0.2.10`. */
  readonly excerpt: readonly string[];
  /** Why, and what to do. */
  readonly remedy: string;
}

export interface Found {
  readonly severity?: 'warning';
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly where: Required<SourceLocation>;
  /** Other places that belong to it. */
  readonly also?: readonly Required<SourceLocation>[];
}

/** Source lines shown for one problem, at most. */
const EXCERPT_LINES_MAX = 6;
const LINE_CHARS_MAX = 160;

export class ProblemLog {
  private readonly found: ZoneProblem[] = [];
  private readonly said = new Set<string>();
  private readonly sources = new Map<string, string>();
  private readonly lines = new Map<string, readonly string[]>();

  /** The text of a file, for excerpts. */
  addSource(file: string, text: string): void {
    this.sources.set(file, text);
  }

  add({ severity = undefined, code, message, remedy, where, also = [] }: Found): void {
    if (this.isSaid(code, message, where)) return;
    this.found.push({
      severity: severity ?? 'error',
      code,
      message,
      where,
      excerpt: this.excerpt([...also, where]),
      remedy,
    });
  }

  /** One line of $GENERATE makes many records: the first one speaks for all. */
  private isSaid(code: string, message: string, where: Required<SourceLocation>): boolean {
    const isGenerated = /^\$GENERATE/i.test(this.line(where));
    const key = `${where.file}:${where.line} ${code} ${isGenerated ? '' : message}`;
    const isKnown = this.said.has(key);
    this.said.add(key);
    return isKnown;
  }

  get hasErrors(): boolean {
    return this.found.some(({ severity }) => severity === 'error');
  }

  /** In the order of the file that was given, then of those that it includes. */
  all(): readonly ZoneProblem[] {
    const order = [...this.sources.keys()];
    return this.found.toSorted(
      (a, b) =>
        order.indexOf(a.where.file) - order.indexOf(b.where.file) ||
        a.where.line - b.where.line ||
        a.where.column - b.where.column,
    );
  }

  private excerpt(places: readonly Required<SourceLocation>[]): readonly string[] {
    const unique = [...new Map(places.map((place) => [`${place.file}:${place.line}`, place])).values()];
    const main = places.at(-1)?.file;
    const shown = unique.toSorted((a, b) => (a.file === b.file ? a.line - b.line : 0)).slice(0, EXCERPT_LINES_MAX);
    const labels = shown.map(({ file, line }) => (file === main ? String(line) : `${file}:${line}`));
    const width = Math.max(...labels.map((label) => label.length));
    return shown.map((place, i) => `${(labels[i] ?? '').padStart(width)}  ${this.line(place)}`);
  }

  private line({ file, line }: Required<SourceLocation>): string {
    const lines = this.lines.get(file) ?? (this.sources.get(file) ?? '').split('\n');
    this.lines.set(file, lines);
    const text = (lines[line - 1] ?? '')
      .replace(/\r$/, '')
      .replaceAll('\t', '    ')
      .replace(/[\x00-\x1f\x7f-\x9f]/g, '·');
    return text.length > LINE_CHARS_MAX ? `${text.slice(0, LINE_CHARS_MAX)}…` : text;
  }
}
