/** What the wanted release is, for every host: from the update graph, or from the hosts' own remotes. Asked once per run. */
import { mapBounded } from '../engine/concurrency.ts';
import { requireSuccess } from '../engine/host-agent.ts';
import type { RunContext } from '../engine/run-context.ts';
import { osResolveCall, parseResolved } from '../host/os-resolve.ts';
import type { Host } from '../inventory/model.ts';
import { NoTargetError } from './errors.ts';
import { bootedRelease, type Fleet } from './fleet.ts';
import type { UpdateGraph } from './graph.ts';
import { readGraph } from './graph-source.ts';
import { type OriginKind, type Release, streamOf, type Wanted } from './release.ts';
import type { UpgradeSettings } from './settings.ts';
import { type HostRelease, wantedText } from './target.ts';

const RESOLVE_MS = 205_000;

export interface ResolveInput {
  readonly hosts: readonly Host[];
  readonly wanted: Wanted;
  readonly settings: (host: Host) => UpgradeSettings;
}

export interface ResolvedFleet {
  readonly hosts: readonly HostRelease[];
  readonly graphs: ReadonlyMap<OriginKind, UpdateGraph>;
}

/** Throws UpdateGraphError, NoTargetError, and what the link does. */
export async function resolveFleet(ctx: RunContext, fleet: Fleet, input: ResolveInput): Promise<ResolvedFleet> {
  const booted = input.hosts.map((host) => ({ host, ...bootedOf(fleet, host) }));
  const source = sourceOf(input);
  if (source === undefined) {
    const hosts = await mapBounded(
      booted,
      ctx.options.forks,
      async ({ host, origin, release }): Promise<HostRelease> => {
        const resolved = await askRemote(ctx, fleet, host, input.wanted);
        return { host: host.name, origin, booted: release, resolved };
      },
    );
    return { hosts, graphs: new Map() };
  }
  const graphs = new Map<OriginKind, UpdateGraph>();
  const { wariness } = input.settings(input.hosts[0] as Host);
  for (const { host, origin, release } of booted) {
    if (graphs.has(origin)) continue;
    const request = { source, dir: ctx.inventory.dir, origin, wariness, signal: ctx.signal };
    graphs.set(origin, await readGraph({ ...request, ...placeOf(fleet, host, release) }));
  }
  return { hosts: booted.map(({ host, origin, release }) => ({ host: host.name, origin, booted: release })), graphs };
}

function bootedOf(fleet: Fleet, host: Host): { readonly origin: OriginKind; readonly release: Release } {
  const booted = bootedRelease(fleet.look(host.name));
  if (booted !== undefined) return booted;
  const { failure } = fleet.look(host.name);
  throw new NoTargetError(
    failure.length > 0
      ? `rpm-ostree on ${host.name} does not answer`
      : `${host.name} was not booted from ostree: there is nothing to upgrade`,
    {
      host: host.name,
      detail: failure,
      remedy: `Look at it (rpm-ostree status), or leave it out: --limit 'all:!${host.name}'`,
    },
  );
}

/** One graph for one release: hosts that are told different ones have no common target. */
function sourceOf({ hosts, settings }: ResolveInput): string | undefined {
  const sources = [...new Set(hosts.map((host) => settings(host).graph))];
  if (sources.length <= 1) return sources[0];
  throw new NoTargetError('the hosts go by different update graphs', {
    detail: hosts.map((host) => `${host.name}  ${settings(host).graph ?? 'none'}`),
    remedy: 'Upgrade them apart (--limit), or give one graph for all: --graph URL.',
  });
}

/** Architecture and stream, as the ref or the version tell them. */
function placeOf(
  fleet: Fleet,
  host: Host,
  { version }: Release,
): { readonly basearch: string; readonly stream: string } {
  const booted = fleet.look(host.name).deployments.find((one) => one.booted);
  const [, arch, stream] = /fedora\/([^/]+)\/coreos\/([^/]+)$/.exec(booted?.refspec ?? '') ?? [];
  const tag = /:([a-z]+)(@|$)/.exec(booted?.image?.reference ?? '')?.[1];
  return { basearch: arch ?? 'x86_64', stream: stream ?? streamOf(version) ?? tag ?? 'stable' };
}

async function askRemote(ctx: RunContext, fleet: Fleet, host: Host, wanted: Wanted): Promise<Release> {
  const booted = fleet.look(host.name).deployments.find((one) => one.booted);
  const { connection } = fleet.reached(host.name);
  const call = osResolveCall({ refspec: booted?.refspec ?? '', image: booted?.image?.reference ?? '', wanted });
  const result = await connection.exec(call.command, {
    what: 'asking the remote',
    timeoutMs: RESOLVE_MS,
    stdin: call.stdin,
    signal: ctx.signal,
  });
  if (result.stdout.length === 0) requireSuccess(ctx, connection, result, 'asking the remote');
  const answer = parseResolved(result.stdout);
  if (!answer.ok)
    throw new NoTargetError(`${host.name} cannot say what ${wantedText(wanted)} is: ${answer.message}`, {
      host: host.name,
      detail: answer.detail,
      remedy: 'Correct --to, or see why its remote does not answer.',
    });
  const { version, checksum, digest, timestamp } = answer;
  return {
    version,
    ...(checksum === undefined ? {} : { checksum }),
    ...(digest === undefined ? {} : { digest }),
    ...(timestamp === undefined ? {} : { timestampSec: timestamp }),
  };
}
