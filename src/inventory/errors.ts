/** What can be wrong with an inventory or with a host pattern. Nothing was touched when one of these is thrown. */
import { InfraError } from '../errors.ts';
import { describeProblems, type Problem, sortProblems } from '../schema/problems.ts';

/** The inventory's files contradict themselves or their form: all problems at once. */
export class InventoryError extends InfraError {
  readonly code = 'E_INVENTORY';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = sortProblems(problems);
    const { message, options } = describeProblems(sorted, 'Correct these places in the inventory.');
    super(message, options);
    this.problems = sorted;
  }
}

/** There is no inventory where one was expected. */
export class InventoryMissingError extends InfraError {
  readonly code = 'E_INVENTORY_MISSING';
}

/** A pattern that cannot be read. */
export class PatternSyntaxError extends InfraError {
  readonly code = 'E_PATTERN';
}

/** A pattern names a host or group that the inventory does not have. */
export class UnknownPatternError extends InfraError {
  readonly code = 'E_PATTERN_UNKNOWN';
}

/** A pattern is fine, but no host is left. */
export class EmptySelectionError extends InfraError {
  readonly code = 'E_PATTERN_EMPTY';
}
