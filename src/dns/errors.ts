/** What is wrong with zones, as errors that end a command before any host is touched. */
import { formatLocation, InfraError } from '../errors.ts';
import type { ZoneProblem } from './problems.ts';

/** Problems shown at once: who has more has one cause for many of them. */
const SHOWN_MAX = 40;

/** One or more zone files cannot be served. `problems` has all of them, warnings included. */
export class ZoneError extends InfraError {
  readonly code = 'E_ZONE';
  readonly problems: readonly ZoneProblem[];

  constructor(problems: readonly ZoneProblem[]) {
    const errors = problems.filter(({ severity }) => severity === 'error');
    const [first, ...others] = errors;
    if (first === undefined) throw new Error('a ZoneError needs a problem');
    if (others.length === 0) {
      super(first.message, { where: first.where, detail: first.excerpt, remedy: first.remedy });
    } else {
      const files = new Set(errors.map(({ where }) => where.file)).size;
      super(`${errors.length} problems in ${files === 1 ? first.where.file : `${files} zone files`}`, {
        detail: [
          ...errors.slice(0, SHOWN_MAX).flatMap(formatProblem),
          ...(errors.length > SHOWN_MAX ? [`… and ${errors.length - SHOWN_MAX} more`] : []),
        ],
        remedy: 'Correct these lines; no host is touched before.',
      });
    }
    this.problems = problems;
  }
}

/** The folder of zone files holds something else, or cannot be read. */
export class ZoneFolderError extends InfraError {
  readonly code = 'E_ZONE_FOLDER';
}

/** Generated reverse zones that contradict each other or the zone files. */
export class ReverseZoneError extends InfraError {
  readonly code = 'E_REVERSE_ZONE';
}

/** A problem as lines: place and message, the source lines, the remedy. */
export function formatProblem({ where, message, excerpt, remedy }: ZoneProblem): readonly string[] {
  return [
    `${formatLocation({ file: where.file, line: where.line })}: ${message}`,
    ...excerpt.map((line) => `    ${line}`),
    `  ${remedy}`,
  ];
}
