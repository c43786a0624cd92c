/** Update graphs for tests: as Fedora CoreOS publishes them, and any others. */
import fc from 'fast-check';
import { parseGraph, type UpdateGraph } from '../../../src/upgrade/graph.ts';
import type { Release } from '../../../src/upgrade/release.ts';

const PREFIX = 'org.fedoraproject.coreos.';

export interface NodeInput {
  readonly version: string;
  readonly barrier?: boolean;
  readonly deadEnd?: string;
  readonly rollout?: { readonly start: number; readonly minutes?: number; readonly value?: number };
}

export function checksum(version: string): string {
  return Buffer.from(version.padEnd(32, '.')).toString('hex').slice(0, 64);
}

export function release(version: string, timestampSec?: number): Release {
  return { version, checksum: checksum(version), ...(timestampSec === undefined ? {} : { timestampSec }) };
}

export function graphText(nodes: readonly NodeInput[], edges: readonly (readonly [number, number])[]): string {
  return JSON.stringify({
    nodes: nodes.map(({ version, barrier, deadEnd, rollout }, index) => ({
      version,
      payload: checksum(version),
      metadata: {
        [`${PREFIX}scheme`]: 'checksum',
        [`${PREFIX}releases.age_index`]: String(index),
        ...(barrier === true ? { [`${PREFIX}updates.barrier`]: 'true' } : {}),
        ...(deadEnd === undefined
          ? {}
          : { [`${PREFIX}updates.deadend`]: 'true', [`${PREFIX}updates.deadend_reason`]: deadEnd }),
        ...(rollout === undefined
          ? {}
          : {
              [`${PREFIX}updates.rollout`]: 'true',
              [`${PREFIX}updates.start_epoch`]: String(rollout.start),
              [`${PREFIX}updates.start_value`]: String(rollout.value ?? 0),
              ...(rollout.minutes === undefined
                ? {}
                : { [`${PREFIX}updates.duration_minutes`]: String(rollout.minutes) }),
            }),
      },
    })),
    edges,
  });
}

export function graph(nodes: readonly NodeInput[], edges: readonly (readonly [number, number])[]): UpdateGraph {
  return parseGraph(graphText(nodes, edges), 'a test');
}

/** Any graph at all: barriers, dead ends, rollouts, and edges that lead anywhere. Versions are v0, v1, … by age. */
export const anyGraph: fc.Arbitrary<UpdateGraph> = fc.integer({ min: 2, max: 9 }).chain((count) =>
  fc
    .record({
      nodes: fc.array(
        fc.record({
          barrier: fc.boolean(),
          dead: fc.nat({ max: 5 }),
          rolling: fc.nat({ max: 3 }),
          value: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        { minLength: count, maxLength: count },
      ),
      edges: fc.array(fc.tuple(fc.nat({ max: count - 1 }), fc.nat({ max: count - 1 })), { maxLength: 30 }),
    })
    .map(({ nodes, edges }) =>
      graph(
        nodes.map(({ barrier, dead, rolling, value }, index) => ({
          version: `v${index}`,
          barrier,
          ...(dead === 0 ? { deadEnd: 'a test' } : {}),
          ...(rolling === 0 ? { rollout: { start: 0, value } } : {}),
        })),
        edges,
      ),
    ),
);
