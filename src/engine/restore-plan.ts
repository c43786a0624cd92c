/** The plan that brings a kept generation of one host back: read from the host, made desired state, planned like any other. */
import type { Generation } from '../host/verbs.ts';
import type { Host } from '../inventory/model.ts';
import type { Connection } from '../ssh/transport.ts';
import type { ChangeSet } from './change-set.ts';
import { readGeneration } from './generation.ts';
import { fetchFiles, observe } from './host-agent.ts';
import type { ManagedEntry } from './observation.ts';
import { type PlannedHost, planHost } from './plan-host.ts';
import { type OsDefault, type PresentRole, type RestoredHost, restoredHost } from './restored-host.ts';
import type { RunContext } from './run-context.ts';
import { decideSerials } from './serials.ts';
import { reobserve, type SurveyedHost } from './survey.ts';

export interface RestoreRequest {
  readonly host: Host;
  readonly connection: Connection;
  readonly generation: number;
  /** What the playbooks describe on the host now. */
  readonly present: readonly PresentRole[];
  /** Only these roles are brought back; undefined: all that the generation or the host has. */
  readonly only?: readonly string[];
  /** Who stands in for the host: asked for their serials where secondaries need a new one. */
  readonly members: readonly Host[];
}

export interface RestorePlan {
  readonly planned: PlannedHost;
  readonly serials: ReadonlyMap<string, number>;
  /** The same again, when the host changed since it was looked at. */
  readonly replan: () => Promise<PlannedHost>;
  /** Roles that the generation did not have: what they wrote goes. */
  readonly leaving: readonly string[];
  /** Zones that get a new serial, since secondaries would not follow an old one. */
  readonly newSerials: readonly string[];
}

const NOTHING = { paths: [], units: [], images: [], commands: [], zonePaths: [] };

/** Throws RestoreError, and what the link does. Nothing is touched. */
export async function planRestore(ctx: RunContext, request: RestoreRequest): Promise<RestorePlan> {
  const { host, connection, present, only } = request;
  const generation = await readGeneration(ctx, connection, request.generation);
  const { managed } = await observe(connection, NOTHING, ctx);
  const all = [...new Set([...generation.managed, ...managed].map(({ role }) => role))];
  const roles = only === undefined ? all : all.filter((role) => only.includes(role));
  const osDefaults = await readOsDefaults(ctx, connection, leavingEntries(generation, managed, roles));
  const restored = restoredHost({ host, generation, roles, present, managed, osDefaults });
  const first = { desired: restored.desired, connection, early: Promise.resolve([]), startedMs: ctx.now() };
  const survey = await reobserve(ctx, first);
  const serials = await serialsOf(ctx, restored, survey, request.members);
  const plan = async (seen: SurveyedHost): Promise<PlannedHost> => {
    const planned = await planHost(ctx, seen, serials);
    return { ...planned, changeSet: withManifest(planned.changeSet, generation, osDefaults) };
  };
  return {
    planned: await plan(survey),
    serials,
    replan: async () => plan(await reobserve(ctx, survey)),
    leaving: restored.leaving,
    newSerials: [...restored.serials].flatMap(([zone, serial]) => (serials.get(zone) === serial ? [] : [zone])),
  };
}

function leavingEntries(
  generation: Generation,
  managed: readonly ManagedEntry[],
  roles: readonly string[],
): readonly ManagedEntry[] {
  const staying = new Set(generation.managed.map(({ role }) => role));
  return managed.filter(({ role }) => roles.includes(role) && !staying.has(role));
}

/** What the booted deployment ships for paths of /etc: ostree keeps it in /usr/etc. */
async function readOsDefaults(
  ctx: RunContext,
  connection: Connection,
  entries: readonly ManagedEntry[],
): Promise<ReadonlyMap<string, OsDefault>> {
  const paths = new Map(
    entries.filter(({ path }) => path.startsWith('/etc/')).map(({ path }) => [`/usr${path}`, path] as const),
  );
  if (paths.size === 0) return new Map();
  const seen = await observe(connection, { ...NOTHING, paths: [...paths.keys()] }, ctx);
  const files = [...seen.paths].filter(([, { type }]) => type === 'file').map(([path]) => path);
  const contents = await fetchFiles(connection, files, ctx);
  const defaults = new Map<string, OsDefault>();
  for (const [shipped, path] of paths) {
    const state = seen.paths.get(shipped);
    const content = contents.get(shipped);
    if (state === undefined || (state.type !== 'directory' && (state.type !== 'file' || content === undefined)))
      continue;
    const { mode, owner, group } = state;
    defaults.set(path, { content: state.type === 'file' ? content : undefined, mode, owner, group });
  }
  return defaults;
}

/**
 * The serials that the generation had: its content is exactly what it was, and no other content ever had them. Secondaries follow a
 * rising serial only: for them the old content is published under a new one.
 */
async function serialsOf(
  ctx: RunContext,
  { desired, serials }: RestoredHost,
  survey: SurveyedHost,
  members: readonly Host[],
): Promise<ReadonlyMap<string, number>> {
  if (desired.hasSecondaries !== true || serials.size === 0) return serials;
  return new Map([...serials, ...(await decideSerials(ctx, [survey], members))]);
}

/** Files of the OS are not ours again; everything else is remembered as what it was. */
function withManifest(
  changeSet: ChangeSet | undefined,
  generation: Generation,
  osDefaults: ReadonlyMap<string, OsDefault>,
): ChangeSet | undefined {
  if (changeSet === undefined) return undefined;
  const kinds = new Map(generation.managed.map(({ path, kind }) => [path, kind]));
  const managed = changeSet.managed
    .filter(({ path }) => !osDefaults.has(path))
    .map((entry) => ({ ...entry, kind: kinds.get(entry.path) ?? entry.kind }));
  return { ...changeSet, managed };
}
