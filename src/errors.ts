/** The root of all errors that people see: what happened, where, and what to do next. */

/** A place in a file of the user. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

export interface InfraErrorOptions {
  /** What the user does next, one or more complete sentences. Required: an error without it is half an error. */
  readonly remedy: string;
  readonly host?: string;
  readonly where?: SourceLocation;
  /** Lines shown between message and remedy: the offending source lines, a program's own words. */
  readonly detail?: readonly string[];
  readonly cause?: unknown;
}

/** The exit codes of the command line (docs/errors.md). */
export const EXIT = {
  ok: 0,
  usage: 1,
  failed: 2,
  unknown: 3,
  unreachable: 4,
  locked: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every error that we word ourselves. Subclasses are named after what failed and carry a stable code. */
export abstract class InfraError extends Error {
  abstract readonly code: `E_${string}`;
  /** The exit code when this error ends the command. */
  readonly exitCode: ExitCode = EXIT.usage;
  readonly remedy: string;
  readonly host: string | undefined;
  readonly where: SourceLocation | undefined;
  readonly detail: readonly string[];

  constructor(message: string, options: InfraErrorOptions) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = new.target.name;
    this.remedy = options.remedy;
    this.host = options.host;
    this.where = options.where;
    this.detail = options.detail ?? [];
  }
}

/** `file:line:column` as editors understand it. */
export function formatLocation(where: SourceLocation): string {
  return [where.file, where.line, where.line === undefined ? undefined : where.column]
    .filter((p) => p !== undefined)
    .join(':');
}
