/** Target and routes by the update graph: barriers one hop at a time, nothing denied, nothing that is held back, no dead end. Pure. */
import { denialOf, denialText } from './deny.ts';
import { NoTargetError } from './errors.ts';
import {
  type GraphNode,
  nodeFor,
  nodeOf,
  obstacle,
  type Passable,
  rolloutProgress,
  type UpdateGraph,
  waysFrom,
} from './graph.ts';
import { type Release, releaseName, sameRelease, type Wanted } from './release.ts';
import type { HostRelease, Route, TargetInput, TargetPlan } from './target.ts';

/** A host in its graph, and where it can go. */
interface Placed {
  readonly host: HostRelease;
  readonly graph: UpdateGraph;
  readonly at: number;
  readonly ways: ReadonlyMap<number, readonly number[]>;
}

export function graphRoutes(input: TargetInput): TargetPlan {
  const isDenied = (release: Release): boolean => !input.allowDenied && denialOf(release, input.denied) !== undefined;
  // A release that was named is wanted now, however far its rollout has come.
  const wariness = input.wanted.kind === 'latest' ? input.wariness : 0;
  const passable: Passable = { isDenied, wariness, nowSec: input.nowSec };
  const placed = input.hosts.map((host) => place(host, input, passable));
  return input.wanted.kind === 'latest' ? latest(placed, input, passable) : named(placed, input.wanted, passable);
}

function place(host: HostRelease, { graphs }: TargetInput, passable: Passable): Placed {
  const graph = graphs.get(host.origin) as UpdateGraph;
  const at = nodeOf(graph, host.booted);
  if (at === undefined)
    throw new NoTargetError(`${host.host} runs ${releaseName(host.booted)}, which the update graph does not know`, {
      host: host.host,
      remedy: 'Nobody can say which barriers lie ahead of it. If you know better: --graph none --to VERSION.',
    });
  return { host, graph, at, ways: waysFrom(graph, at, passable) };
}

/** The newest release that every host can get to. */
function latest(placed: readonly Placed[], input: TargetInput, passable: Passable): TargetPlan {
  const [first, ...others] = placed as readonly [Placed, ...Placed[]];
  const candidates = [...first.ways.keys()]
    .map((index) => first.graph.nodes[index] as GraphNode)
    .filter(({ release, deadEnd }) => deadEnd === undefined && !passable.isDenied(release))
    .filter(({ release }) => others.every((one) => reaches(one, release)))
    .sort((a, b) => b.age - a.age);
  const best = candidates[0];
  if (best === undefined)
    throw new NoTargetError('there is no release that all of these hosts can get to', {
      detail: placed.map(whereItStands),
      remedy: 'Hosts at a dead end, or far behind the others, have to be set up anew; or name a release: --to VERSION.',
    });
  const notes = first.graph.nodes
    .filter(({ age }) => age > best.age)
    .toSorted((a, b) => b.age - a.age)
    .slice(0, 3)
    .map((node) => `${releaseName(node.release)} is newer and not taken: ${whyNot(node, input, passable)}`);
  return { target: releaseOf(placed, best.release), routes: placed.map((one) => routeTo(one, best.release)), notes };
}

function reaches({ graph, ways }: Placed, release: Release): boolean {
  const index = nodeFor(graph, release) ?? byVersion(graph, release);
  return index !== undefined && ways.has(index);
}

/** The same release in the graph of another origin has another payload. */
function byVersion(graph: UpdateGraph, { version }: Release): number | undefined {
  const index = graph.nodes.findIndex(({ release }) => release.version === version);
  return index < 0 ? undefined : index;
}

function whyNot(node: GraphNode, { denied, allowDenied }: TargetInput, passable: Passable): string {
  const denial = allowDenied ? undefined : denialOf(node.release, denied);
  if (denial !== undefined) return denialText(node.release, denial);
  if (node.deadEnd !== undefined) return `it is a dead end (${node.deadEnd})`;
  return obstacle(node, passable) ?? 'no update leads there from all of these hosts';
}

function whereItStands({ host, graph, at, ways }: Placed): string {
  const node = graph.nodes[at] as GraphNode;
  const far = [...ways.keys()].map((index) => graph.nodes[index] as GraphNode).toSorted((a, b) => b.age - a.age)[0];
  if (node.deadEnd !== undefined) return `${host.host}  ${releaseName(host.booted)} is a dead end: ${node.deadEnd}`;
  return `${host.host}  ${releaseName(host.booted)}, at most ${releaseName(far?.release ?? host.booted)}`;
}

/** Both identities of one release, where the fleet follows both kinds of origin. */
function releaseOf(placed: readonly Placed[], release: Release): Release {
  const found = placed.flatMap(({ graph }) => {
    const index = nodeFor(graph, release) ?? byVersion(graph, release);
    return index === undefined ? [] : [(graph.nodes[index] as GraphNode).release];
  });
  return Object.assign({}, ...found, release) as Release;
}

function routeTo({ host, graph, ways }: Placed, release: Release): Route {
  const index = nodeFor(graph, release) ?? byVersion(graph, release);
  const hops = (ways.get(index ?? -1) ?? []).map((hop) => (graph.nodes[hop] as GraphNode).release);
  return { host: host.host, from: host.booted, hops, direction: hops.length === 0 ? 'none' : 'upgrade' };
}

function named(placed: readonly Placed[], wanted: Exclude<Wanted, { kind: 'latest' }>, passable: Passable): TargetPlan {
  const routes = placed.map((one): Route => routeToNamed(one, wanted, passable));
  const target = Object.assign({}, ...placed.map(({ graph }) => find(graph, wanted)?.release)) as Release;
  const held = placed.flatMap(({ graph }) => {
    const node = find(graph, wanted);
    const progress = node === undefined ? 1 : rolloutProgress(node, passable.nowSec);
    return progress < 1
      ? [`${releaseName(target)} is still being rolled out (${Math.floor(progress * 100)} % by now)`]
      : [];
  });
  return { target, routes, notes: [...new Set(held)] };
}

function find(graph: UpdateGraph, wanted: Exclude<Wanted, { kind: 'latest' }>): GraphNode | undefined {
  return graph.nodes.find(({ release }) =>
    wanted.kind === 'version'
      ? release.version === wanted.version
      : release.digest === wanted.digest ||
        (release.checksum !== undefined && `sha256:${release.checksum}` === wanted.digest),
  );
}

function routeToNamed(
  { host, graph, at, ways }: Placed,
  wanted: Exclude<Wanted, { kind: 'latest' }>,
  passable: Passable,
): Route {
  const to = find(graph, wanted);
  const name = wanted.kind === 'version' ? wanted.version : wanted.digest;
  if (to === undefined)
    throw new NoTargetError(`the update graph does not know ${name}`, {
      host: host.host,
      detail: [`newest in the graph: ${releaseName(newest(graph).release)}`],
      remedy: "Correct --to; or ask the hosts' own remotes instead of the graph: --graph none.",
    });
  const from = graph.nodes[at] as GraphNode;
  const route = { host: host.host, from: host.booted };
  if (sameRelease(to.release, from.release)) return { ...route, hops: [], direction: 'none' };
  if (to.age < from.age) return { ...route, hops: [to.release], direction: 'downgrade' };
  if (to.deadEnd !== undefined)
    throw new NoTargetError(`${name} is a dead end: no update leads away from it (${to.deadEnd})`, {
      host: host.host,
      remedy: 'Choose another release.',
    });
  if (from.deadEnd !== undefined)
    throw new NoTargetError(`${host.host} is at a dead end, ${releaseName(host.booted)}: ${from.deadEnd}`, {
      host: host.host,
      remedy:
        'Follow the reason given there; usually the host has to be set up anew. Or, if you know better: --graph none.',
    });
  const way = ways.get(graph.nodes.indexOf(to));
  const nodes = way === undefined ? overBarriers(graph, from, to) : way.map((index) => graph.nodes[index] as GraphNode);
  const blocked = nodes
    .slice(0, -1)
    .find(({ release, deadEnd }) => deadEnd !== undefined || passable.isDenied(release));
  if (blocked !== undefined)
    throw new NoTargetError(
      `the way of ${host.host} to ${name} leads over the barrier ${releaseName(blocked.release)}, which ${blocked.deadEnd === undefined ? 'is on the deny list' : 'is a dead end'}`,
      { host: host.host, remedy: 'Take it all the same with --allow-denied, or choose an older release.' },
    );
  return { ...route, hops: nodes.map(({ release }) => release), direction: 'upgrade' };
}

/** Edges lead only to what is being rolled out now. A release that was named is gone to all the same: barrier by barrier. */
function overBarriers({ nodes }: UpdateGraph, from: GraphNode, to: GraphNode): readonly GraphNode[] {
  const between = nodes.filter(({ isBarrier, age }) => isBarrier && from.age < age && age < to.age);
  return [...between.toSorted((a, b) => a.age - b.age), to];
}

function newest({ nodes }: UpdateGraph): GraphNode {
  return nodes.toSorted((a, b) => b.age - a.age)[0] as GraphNode;
}
