/** A value does not fit its schema, or the schema itself cannot be used. */
import { InfraError } from '../errors.ts';
import { describeProblems, type Problem, sortProblems } from './problems.ts';

/** One mismatch between a value and its schema. */
export interface ValueProblem extends Problem {
  /** From the root of the value: `['forwarders', 0]`. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  /** In words: `a whole number from 1 to 65535`. */
  readonly expected: string;
  /** The valid key or value that was perhaps meant. */
  readonly nearest?: string;
}

export class InvalidValueError extends InfraError {
  readonly code = 'E_INVALID_VALUE';
  readonly problems: readonly ValueProblem[];

  constructor(problems: readonly ValueProblem[], host?: string) {
    const sorted = sortProblems(problems);
    const { message, options } = describeProblems(sorted, 'Correct these values.');
    super(message, host === undefined ? options : { ...options, host });
    this.problems = sorted;
  }
}

/** A schema that a role's author wrote cannot be compiled. */
export class SchemaError extends InfraError {
  readonly code = 'E_SCHEMA';
}
