/** The update graph of Fedora CoreOS (Cincinnati, /v1/graph): parsed, and which releases may follow which. Pure. */
import { UpdateGraphError } from './errors.ts';
import { type Release, sameRelease } from './release.ts';

export interface Rollout {
  readonly startSec: number;
  /** Share of the fleet at the start, 0 to 1. */
  readonly startValue: number;
  /** undefined: it stays at its start value. */
  readonly durationMin?: number;
}

export interface GraphNode {
  readonly release: Release;
  /** Grows with each release of the stream. */
  readonly age: number;
  /** Every host has to pass through it. */
  readonly isBarrier: boolean;
  /** Why no update leads away from it. */
  readonly deadEnd?: string;
  readonly rollout?: Rollout;
}

export interface UpdateGraph {
  readonly nodes: readonly GraphNode[];
  /** Indexes of nodes: from, to. */
  readonly edges: readonly (readonly [number, number])[];
}

const PREFIX = 'org.fedoraproject.coreos.';
/** The public graph has some hundred nodes; this bounds what a wrong URL may cost us. */
const NODES_MAX = 20_000;

/** Throws UpdateGraphError, which names `source`, for anything that is not such a graph. */
export function parseGraph(text: string, source: string): UpdateGraph {
  const wrong = (what: string, cause?: unknown): UpdateGraphError =>
    new UpdateGraphError(`${source} is not an update graph: ${what}`, {
      ...(cause === undefined ? {} : { cause }),
      remedy: 'Give the URL or file of a graph as Fedora CoreOS publishes it (…/v1/graph), or none: --graph none.',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong('not JSON', cause);
  }
  const { nodes, edges } = asRecord(value);
  if (!Array.isArray(nodes) || !Array.isArray(edges)) throw wrong('it has no nodes and edges');
  if (nodes.length > NODES_MAX) throw wrong(`${nodes.length} nodes`);
  return {
    nodes: nodes.map((node, index) => parseNode(node) ?? fail(wrong(`node ${index} has no version or payload`))),
    edges: edges.map((edge, index) => parseEdge(edge, nodes.length) ?? fail(wrong(`edge ${index} leads nowhere`))),
  };
}

function fail(error: Error): never {
  throw error;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function parseEdge(value: unknown, count: number): readonly [number, number] | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [from, to] = value as readonly unknown[];
  const isIndex = (index: unknown): index is number =>
    Number.isInteger(index) && Number(index) >= 0 && Number(index) < count;
  return isIndex(from) && isIndex(to) ? [from, to] : undefined;
}

function parseNode(value: unknown): GraphNode | undefined {
  const { version, payload, metadata } = asRecord(value);
  if (typeof version !== 'string' || typeof payload !== 'string' || version === '') return undefined;
  const facts = asRecord(metadata);
  const fact = (key: string): string | undefined => {
    const found = facts[PREFIX + key];
    return typeof found === 'string' ? found : undefined;
  };
  const number = (key: string): number | undefined => {
    const found = Number(fact(key) ?? Number.NaN);
    return Number.isFinite(found) ? found : undefined;
  };
  const durationMin = number('updates.duration_minutes');
  const deadEnd =
    fact('updates.deadend') === 'true' ? (fact('updates.deadend_reason') ?? 'no reason given') : undefined;
  return {
    release: { version, ...idOf(payload, fact('scheme')) },
    age: number('releases.age_index') ?? 0,
    isBarrier: fact('updates.barrier') === 'true',
    ...(deadEnd === undefined ? {} : { deadEnd }),
    ...(fact('updates.rollout') === 'true'
      ? {
          rollout: {
            startSec: number('updates.start_epoch') ?? 0,
            startValue: number('updates.start_value') ?? 0,
            ...(durationMin === undefined ? {} : { durationMin }),
          },
        }
      : {}),
  };
}

/** The payload is a commit's checksum, or `image@sha256:…`. */
function idOf(payload: string, scheme: string | undefined): Pick<Release, 'checksum' | 'digest'> {
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(payload)?.[1];
  if (digest !== undefined) return { digest };
  return scheme !== 'oci' && /^[0-9a-f]{64}$/.test(payload) ? { checksum: payload } : {};
}

/** How much of the fleet is to have it by now, 0 to 1, as the update server reckons it; 1 for what is not being rolled out. */
export function rolloutProgress({ rollout }: Pick<GraphNode, 'rollout'>, nowSec: number): number {
  if (rollout === undefined) return 1;
  const { startSec, startValue, durationMin } = rollout;
  if (durationMin === undefined) return startValue;
  if (nowSec < startSec) return 0;
  const share = durationMin <= 0 ? 1 : (nowSec - startSec) / (durationMin * 60);
  return share >= 1 ? 1 : startValue + (1 - startValue) * share;
}

/** Index of the node that a host has booted: by what identifies the content, else by version (boot images of F43 have digests that the graph does not know). */
export function nodeOf(graph: UpdateGraph, booted: Release): number | undefined {
  const known = graph.nodes.findIndex(
    ({ release }) =>
      (release.digest !== undefined && release.digest === booted.digest) ||
      (release.checksum !== undefined && release.checksum === booted.checksum),
  );
  if (known >= 0) return known;
  const named = graph.nodes.findIndex(({ release }) => release.version === booted.version);
  return named < 0 ? undefined : named;
}

export interface Passable {
  readonly isDenied: (release: Release) => boolean;
  /** 0 takes every release at once, 1 only what everybody has by now. */
  readonly wariness: number;
  readonly nowSec: number;
}

/** Why a release cannot be gone to, in words; undefined: it can. */
export function obstacle(node: GraphNode, { isDenied, wariness, nowSec }: Passable): string | undefined {
  if (isDenied(node.release)) return 'it is on the deny list';
  const progress = rolloutProgress(node, nowSec);
  if (wariness > progress)
    return `it is being rolled out: ${Math.floor(progress * 100)} % by now, taken from ${Math.round(wariness * 100)} % on`;
  return undefined;
}

/**
 * The shortest way to every node that can be reached, by node: the nodes after `from`. No hop jumps over a barrier, whatever the edges
 * say; nothing leads away from a dead end.
 */
export function waysFrom(graph: UpdateGraph, from: number, passable: Passable): ReadonlyMap<number, readonly number[]> {
  const ways = new Map<number, readonly number[]>([[from, []]]);
  const barriers = graph.nodes.filter(({ isBarrier }) => isBarrier).map(({ age }) => age);
  const queue = [from];
  for (let here = queue.shift(); here !== undefined; here = queue.shift()) {
    const node = graph.nodes[here] as GraphNode;
    if (node.deadEnd !== undefined) continue;
    const next = graph.edges
      .filter(([start]) => start === here)
      .map(([, end]) => end)
      .filter((end) => {
        const to = graph.nodes[end] as GraphNode;
        const jumps = barriers.some((age) => node.age < age && age < to.age);
        return !ways.has(end) && to.age > node.age && !jumps && obstacle(to, passable) === undefined;
      })
      .sort((a, b) => (graph.nodes[b]?.age ?? 0) - (graph.nodes[a]?.age ?? 0));
    for (const end of new Set(next)) {
      ways.set(end, [...(ways.get(here) ?? []), end]);
      queue.push(end);
    }
  }
  return ways;
}

export function nodeFor(graph: UpdateGraph, release: Release): number | undefined {
  const index = graph.nodes.findIndex((node) => sameRelease(node.release, release));
  return index < 0 ? undefined : index;
}
