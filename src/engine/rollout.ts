/** In which order, and how many at a time, the hosts of a play are changed. Pure. */
import type { RollingStrategy } from '../playbook/define.ts';
import { DesiredStateError } from './errors.ts';

export interface RolloutHost {
  readonly name: string;
  /** Whether it served when it was observed: hosts that do not serve come first, since nobody loses anything by their repair. */
  readonly serves: boolean;
}

/** Batches of host names. The canary goes alone and first, also before a host that does not serve when it was named so. */
export function rolloutBatches(
  hosts: readonly RolloutHost[],
  strategy: RollingStrategy,
): readonly (readonly string[])[] {
  const rank = new Map(strategy.order.map((name, index) => [name, index]));
  const ordered = [...hosts]
    .sort(
      (a, b) =>
        Number(a.serves) - Number(b.serves) || (rank.get(a.name) ?? hosts.length) - (rank.get(b.name) ?? hosts.length),
    )
    .map(({ name }) => name);
  const canary = strategy.canary !== undefined && ordered.includes(strategy.canary) ? strategy.canary : undefined;
  const rest = ordered.filter((name) => name !== canary);
  const size = Math.max(1, strategy.batch);
  const batches = canary === undefined ? [] : [[canary]];
  for (let start = 0; start < rest.length; start += size) batches.push(rest.slice(start, start + size));
  return batches;
}

/** A strategy that names hosts which the play does not have is a mistake, not an empty wish. */
export function checkStrategy(strategy: RollingStrategy, members: readonly string[]): void {
  const stranger = [...strategy.order, ...(strategy.canary === undefined ? [] : [strategy.canary])].find(
    (name) => !members.includes(name),
  );
  if (stranger !== undefined) {
    throw new DesiredStateError(
      `the strategy names ${stranger}, which is not a host of the play (${members.join(', ')})`,
      { remedy: 'Correct `order` or `canary` in the playbook.' },
    );
  }
  for (const [key, value] of [
    ['batch', strategy.batch],
    ['maxFailed', strategy.maxFailed],
    ['pauseSec', strategy.pauseSec],
  ] as const) {
    if (!Number.isFinite(value) || value < (key === 'batch' ? 1 : 0)) {
      throw new DesiredStateError(`the strategy's ${key} is ${value}`, {
        remedy: key === 'batch' ? 'Give a number of hosts, 1 or more.' : 'Give a number, 0 or more.',
      });
    }
  }
}
