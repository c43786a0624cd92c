/** What is wrong with values of the inventory, before any host is asked: places and words. Pure. */

export interface KeaProblem {
  /** From the role's vars: `['subnets', 0, 'pools', 1]`. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly message: string;
  readonly remedy: string;
}

export type Refuse = (problem: KeaProblem) => void;

/** Names of the vars that a family's settings come from. */
export interface VarNames {
  readonly subnets: string;
  readonly classes: string;
  readonly options: string;
  readonly extra: string;
}
