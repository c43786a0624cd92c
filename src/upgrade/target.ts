/** Which release the whole fleet goes to, and by which hops each host gets there. Pure. */
import { type DeniedRelease, denialOf, denialText } from './deny.ts';
import { NoTargetError } from './errors.ts';
import type { UpdateGraph } from './graph.ts';
import { graphRoutes } from './graph-target.ts';
import { type OriginKind, type Release, releaseName, sameRelease, type Wanted } from './release.ts';

export interface HostRelease {
  readonly host: string;
  readonly origin: OriginKind;
  readonly booted: Release;
  /** What the wanted release is on the host's own remote; `latest`: the tip of its branch or tag. Not needed where a graph knows it. */
  readonly resolved?: Release;
}

export interface TargetInput {
  readonly wanted: Wanted;
  readonly hosts: readonly HostRelease[];
  /** By origin; without one for a host's origin its own remote decides. */
  readonly graphs: ReadonlyMap<OriginKind, UpdateGraph>;
  readonly denied: readonly DeniedRelease[];
  readonly allowDenied: boolean;
  readonly allowDowngrade: boolean;
  /** Of a staggered rollout: 0 takes a release at once, 1 when everybody has it. */
  readonly wariness: number;
  readonly nowSec: number;
}

export type Direction = 'none' | 'upgrade' | 'downgrade';

export interface Route {
  readonly host: string;
  readonly from: Release;
  /** In order; the last one is the target. Empty: it is there. */
  readonly hops: readonly Release[];
  readonly direction: Direction;
}

export interface TargetPlan {
  readonly target: Release;
  readonly routes: readonly Route[];
  /** What people should know: a newer release that was passed over, and why. */
  readonly notes: readonly string[];
}

/** Throws NoTargetError. */
export function chooseTarget(input: TargetInput): TargetPlan {
  if (input.hosts.length === 0) throw new Error('a target is chosen for at least one host');
  const plan = input.hosts.every(({ origin }) => input.graphs.has(origin)) ? graphRoutes(input) : remoteRoutes(input);
  refuseDenied(plan, input);
  refuseDowngrades(plan, input);
  return plan;
}

/** No graph: what the hosts' own remotes say, which must be one release. */
function remoteRoutes({ hosts, wanted }: TargetInput): TargetPlan {
  const unknown = hosts.filter(({ resolved }) => resolved === undefined).map(({ host }) => host);
  if (unknown.length > 0)
    throw new NoTargetError(`what ${wantedText(wanted)} is cannot be learnt on ${unknown.join(', ')}`, {
      remedy: 'See why its remote does not answer, or name a release: --to VERSION or --to sha256:DIGEST.',
    });
  const all = hosts.map(({ resolved }) => resolved as Release);
  const [first] = all as [Release];
  // Of an ostree and an OCI origin the same release has two identities: there the version has to do.
  const differs = all.some(
    (one) => !sameRelease(first, one) && !(one.version !== '' && one.version === first.version && isOther(one, first)),
  );
  if (differs)
    throw new NoTargetError(
      `${wantedText(wanted)} is not one release: the hosts follow different streams, or a mirror lags behind`,
      {
        detail: hosts.map(({ host, resolved }) => `${host}  ${releaseName(resolved as Release)}`),
        remedy: 'Name the release that all of them shall have: --to VERSION.',
      },
    );
  const target = Object.assign({}, ...all.toReversed()) as Release;
  return { target, routes: hosts.map((one) => direct(one, one.resolved as Release)), notes: [] };
}

/** They name nothing in common by which they could be held against each other. */
function isOther(one: Release, two: Release): boolean {
  return (one.digest === undefined) !== (two.digest === undefined);
}

function direct({ host, booted }: HostRelease, to: Release): Route {
  if (sameRelease(booted, to)) return { host, from: booted, hops: [], direction: 'none' };
  const isOlder = (to.timestampSec ?? Number.POSITIVE_INFINITY) < (booted.timestampSec ?? 0);
  return { host, from: booted, hops: [to], direction: isOlder ? 'downgrade' : 'upgrade' };
}

function refuseDenied({ routes }: TargetPlan, { denied, allowDenied }: TargetInput): void {
  if (allowDenied) return;
  for (const { hops } of routes) {
    for (const hop of hops) {
      const denial = denialOf(hop, denied);
      if (denial !== undefined)
        throw new NoTargetError(denialText(hop, denial), {
          remedy: 'Wait for a newer release, or take it all the same: --allow-denied.',
        });
    }
  }
}

function refuseDowngrades({ routes, target }: TargetPlan, { allowDowngrade }: TargetInput): void {
  const back = routes.filter(({ direction }) => direction === 'downgrade');
  if (back.length === 0 || allowDowngrade) return;
  throw new NoTargetError(
    `${releaseName(target)} is older than what ${back.map(({ host }) => host).join(', ')} ${back.length === 1 ? 'runs' : 'run'}`,
    {
      detail: back.map(({ host, from }) => `${host}  ${releaseName(from)}${madeOn(from)}`),
      remedy: `Going back to an older release is done only with --allow-downgrade${madeOn(target) === '' ? '' : ` (${releaseName(target)}${madeOn(target)})`}.`,
    },
  );
}

function madeOn({ timestampSec }: Release): string {
  return timestampSec === undefined ? '' : `, made on ${new Date(timestampSec * 1000).toISOString().slice(0, 10)}`;
}

export function wantedText(wanted: Wanted): string {
  switch (wanted.kind) {
    case 'latest':
      return 'latest';
    case 'version':
      return wanted.version;
    case 'digest':
      return wanted.digest.slice(0, 19);
  }
}

/** One release that some hosts go to, before any host goes further. */
export interface Leg {
  readonly to: Release;
  /** In the order of the routes. */
  readonly hosts: readonly string[];
}

/** The routes as one sequence: the pair is together after each leg. */
export function legsOf(routes: readonly Route[]): readonly Leg[] {
  const left = routes.filter(({ hops }) => hops.length > 0).map(({ host, hops }) => ({ host, hops: [...hops] }));
  const legs: Leg[] = [];
  while (left.length > 0) {
    const heads = left.map(({ hops }) => hops[0] as Release);
    // One that another host comes to only later waits for it. The last choice keeps the loop finite should two routes contradict each other.
    const next =
      heads.find((head) => !left.some(({ hops }) => hops.slice(1).some((hop) => sameRelease(hop, head)))) ??
      (heads[0] as Release);
    const going = left.filter(({ hops }) => sameRelease(hops[0] as Release, next));
    legs.push({ to: next, hosts: going.map(({ host }) => host) });
    for (const one of going) one.hops.shift();
    left.splice(0, left.length, ...left.filter(({ hops }) => hops.length > 0));
  }
  return legs;
}
