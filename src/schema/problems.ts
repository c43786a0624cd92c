/** Problems in a user's files, many at a time, and how one error tells them all. */
import { readFileSync } from 'node:fs';
import { formatLocation, type InfraErrorOptions, type SourceLocation } from '../errors.ts';
import { looksSecret } from './secrets.ts';

/** One thing that is wrong. Worded without its place: `where` says that. */
export interface Problem {
  readonly message: string;
  readonly where?: SourceLocation | undefined;
  /** Further places that belong to it: the first of two duplicates. */
  readonly also?: readonly SourceLocation[];
  /** The value is a secret: its line is never quoted. */
  readonly hidden?: boolean;
  /** What the user does next; complete sentences. */
  readonly remedy: string;
}

const SHOWN_MAX = 20;
const WIDTH_MAX = 160;

/** Message and options of the error that carries `problems` (at least one): the first is its message, all are in its detail. */
export function describeProblems(
  problems: readonly Problem[],
  remedy: string,
): { message: string; options: InfraErrorOptions } {
  const [first] = problems;
  if (first === undefined) throw new TypeError('an error needs a problem');
  const others = problems.length - 1;
  const more = others === 0 ? '' : ` (and ${others} more ${others === 1 ? 'problem' : 'problems'})`;
  const detail = excerptLines(first);
  if (others > 0) {
    detail.push(`  ${first.remedy}`);
    for (const problem of problems.slice(1, SHOWN_MAX)) {
      const place = problem.where === undefined ? '' : `${formatLocation(problem.where)}: `;
      detail.push(`${place}${problem.message}`, ...excerptLines(problem), `  ${problem.remedy}`);
    }
    if (problems.length > SHOWN_MAX) detail.push(`… and ${problems.length - SHOWN_MAX} more`);
  }
  const { where } = first;
  const options = { remedy: others === 0 ? first.remedy : remedy, detail };
  if (where === undefined) return { message: first.message + more, options };
  // Whoever prints the error shows the line of `where`: not when a secret stands there.
  if (first.hidden === true || isHidden(where)) {
    return {
      message: `${formatLocation(where)}: ${first.message}${more}`,
      options: { ...options, where: { file: where.file } },
    };
  }
  return { message: first.message + more, options: { ...options, where } };
}

/** Problems in the order of a reader: by file as they came, then by line. */
export function sortProblems<P extends Problem>(problems: readonly P[]): P[] {
  const files = [...new Set(problems.map(({ where }) => where?.file))];
  const key = ({ where }: P): number => files.indexOf(where?.file) * 1e7 + (where?.line ?? 0);
  return problems.toSorted((a, b) => key(a) - key(b));
}

function excerptLines(problem: Problem): string[] {
  const places = [...(problem.also ?? []), ...(problem.where === undefined ? [] : [problem.where])];
  const several = new Set(places.map(({ file }) => file)).size > 1;
  return places.flatMap((place) => {
    const text = sourceLine(place);
    if (text === undefined || text.trim() === '') return [];
    const shown =
      problem.hidden === true || isHidden(place)
        ? '(not shown: a secret stands here)'
        : text.slice(0, WIDTH_MAX).replaceAll('\t', '⇥ ').trimEnd();
    return [`  ${several ? `${place.file}: ` : ''}${place.line}  ${shown}`];
  });
}

/** A line that names a secret is not quoted. */
function isHidden(place: SourceLocation): boolean {
  const names = (sourceLine(place) ?? '').match(/[\w.-]+(?=["']?\s*[:=])/g) ?? [];
  return names.some(looksSecret);
}

/** undefined when there is no line, or the file cannot be read any more. */
function sourceLine({ file, line }: SourceLocation): string | undefined {
  if (line === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/)[line - 1];
  } catch {
    return undefined;
  }
}
