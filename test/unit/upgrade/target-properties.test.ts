/** A release that was named, and older ones, on generated graphs: what is gone to, over what, and what is refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NoTargetError } from '../../../src/upgrade/errors.ts';
import type { GraphNode, UpdateGraph } from '../../../src/upgrade/graph.ts';
import { chooseTarget, type TargetInput, type TargetPlan } from '../../../src/upgrade/target.ts';
import { anyGraph, release } from './graphs.ts';

const RUNS = { numRuns: 500 };

const inputs = fc
  .record({
    one: anyGraph,
    at: fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 3 }),
    to: fc.nat({ max: 8 }),
    bad: fc.array(fc.nat({ max: 8 }), { maxLength: 2 }),
    allowDenied: fc.boolean(),
    allowDowngrade: fc.boolean(),
  })
  .map(({ one, at, to, bad, ...flags }) => {
    const count = one.nodes.length;
    return {
      ...flags,
      one,
      from: at.map((index) => index % count),
      to: to % count,
      denied: bad.map((index) => ({ ...release(`v${index % count}`), host: 'x', reason: '', at: '' })),
    };
  });
type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never;

function choose(
  { one, from, denied, allowDenied, allowDowngrade }: Omit<Input, 'to'>,
  wanted: TargetInput['wanted'],
): TargetPlan | NoTargetError {
  const hosts = from.map((index, number) => ({
    host: `h${number}`,
    origin: 'ostree' as const,
    booted: release(`v${index}`),
  }));
  const rest = { denied, allowDenied, allowDowngrade, wariness: 0.5, nowSec: 1_000_000 };
  try {
    return chooseTarget({ wanted, hosts, graphs: new Map([['ostree', one]]), ...rest });
  } catch (error) {
    if (error instanceof NoTargetError) return error;
    throw error;
  }
}

const node = (graph: UpdateGraph, version: string): GraphNode => {
  const found = graph.nodes.find((each) => each.release.version === version);
  if (found === undefined) throw new Error(`${version} is not in the graph`);
  return found;
};
const barriersBetween = ({ nodes }: UpdateGraph, from: number, to: number): readonly GraphNode[] =>
  nodes.filter(({ isBarrier, age }) => isBarrier && from < age && age < to);
const isBad = ({ denied }: Input, { release: { version } }: GraphNode): boolean =>
  denied.some((one) => one.version === version);

/** Every outcome has to come up, or the property says nothing about it. */
function expectSeen(seen: ReadonlyMap<string, number>, ...kinds: readonly string[]): void {
  for (const kind of kinds) expect(seen.get(kind) ?? 0, `${kind} of ${JSON.stringify([...seen])}`).toBeGreaterThan(10);
}

describe('a release that was named', () => {
  test('is the target of all, over every barrier, and past nothing that is denied or dead', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(inputs, (input) => {
        const { one, to } = input;
        const plan = choose(input, { kind: 'version', version: `v${to}` });
        if (plan instanceof Error) return;
        expect(plan.target.version).toBe(`v${to}`);
        for (const { from, hops, direction } of plan.routes) {
          seen.set(direction, (seen.get(direction) ?? 0) + 1);
          const way = [from, ...hops].map(({ version }) => node(one, version));
          expect(way.at(-1)).toBe(one.nodes[to]);
          if (!input.allowDenied) expect(way.slice(1).filter((hop) => isBad(input, hop))).toEqual([]);
          if (direction !== 'upgrade') continue;
          expect(way.filter(({ deadEnd }) => deadEnd !== undefined)).toEqual([]);
          for (const [index, here] of way.slice(1).entries()) {
            const before = way[index] as GraphNode;
            expect(here.age).toBeGreaterThan(before.age);
            expect(barriersBetween(one, before.age, here.age)).toEqual([]);
          }
        }
      }),
      RUNS,
    );
    expectSeen(seen, 'none', 'upgrade', 'downgrade');
  });

  test('is older only with a word, and then gone back to at once', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(inputs, (input) => {
        const { to, from, allowDowngrade } = input;
        const isBack = from.some((index) => index > to);
        const plan = choose(input, { kind: 'version', version: `v${to}` });
        const kind = `${isBack ? 'back' : 'not back'}, ${plan instanceof Error ? 'refused' : 'taken'}`;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        if (plan instanceof Error) return;
        if (isBack) expect(allowDowngrade).toBe(true);
        for (const route of plan.routes) {
          const start = node(input.one, route.from.version).age;
          const end = (input.one.nodes[to] as GraphNode).age;
          expect(route.direction).toBe(end < start ? 'downgrade' : end === start ? 'none' : 'upgrade');
          if (route.direction === 'downgrade') expect(route.hops.map(({ version }) => version)).toEqual([`v${to}`]);
        }
      }),
      RUNS,
    );
    expectSeen(seen, 'back, refused', 'back, taken', 'not back, refused', 'not back, taken');
  });

  test('is refused only for a reason: denied, a dead end, or older', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { one, to, allowDenied, allowDowngrade } = input;
        const plan = choose(input, { kind: 'version', version: `v${to}` });
        if (!(plan instanceof Error)) return;
        const end = one.nodes[to] as GraphNode;
        const reasons = input.from.flatMap((index): readonly boolean[] => {
          const start = one.nodes[index] as GraphNode;
          if (end.age < start.age) return [!allowDowngrade, !allowDenied && isBad(input, end)];
          if (end.age === start.age) return [];
          // Its way may be by edges as well: over more than the barriers.
          const between = one.nodes.filter(({ age }) => start.age < age && age <= end.age);
          return [start.deadEnd !== undefined, end.deadEnd !== undefined].concat(
            between.map((each) => each.deadEnd !== undefined || (!allowDenied && isBad(input, each))),
          );
        });
        expect(reasons, plan.message).toContain(true);
      }),
      RUNS,
    );
  });
});

describe('latest', () => {
  test('is never older than what any host runs, nor what is denied, with or without words', () => {
    let taken = 0;
    fc.assert(
      fc.property(inputs, (input) => {
        const plan = choose(input, { kind: 'latest' });
        if (plan instanceof Error) return;
        taken += 1;
        const target = node(input.one, plan.target.version);
        for (const { from, direction } of plan.routes) {
          expect(direction).not.toBe('downgrade');
          expect(target.age).toBeGreaterThanOrEqual(node(input.one, from.version).age);
        }
        const isTakenAnew = plan.routes.some(({ hops }) => hops.length > 0);
        if (isTakenAnew && !input.allowDenied) expect(isBad(input, target)).toBe(false);
      }),
      RUNS,
    );
    expect(taken).toBeGreaterThan(50);
  });
});
