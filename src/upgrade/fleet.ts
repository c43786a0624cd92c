/** The hosts of an upgrade and those that stand in for them: connected, observed, their deployments looked at; anew after each boot. */
import { mapBounded } from '../engine/concurrency.ts';
import { requireSuccess } from '../engine/host-agent.ts';
import { type HostRole, mergedRoles } from '../engine/host-roles.ts';
import { MemberGroups } from '../engine/member-groups.ts';
import { Members, type StandIns } from '../engine/members.ts';
import { hasConfirmed, redundancyGroup } from '../engine/redundancy.ts';
import type { RunContext } from '../engine/run-context.ts';
import { isSurveyed, reobserve, type Survey, type SurveyedHost, surveyHost } from '../engine/survey.ts';
import { InfraError } from '../errors.ts';
import type { OsLook } from '../host/os-look.ts';
import { parseOsLook } from '../host/os-look-parse.ts';
import { osLookCall } from '../host/os-verbs.ts';
import type { Host } from '../inventory/model.ts';
import { runProbes } from '../probes/run.ts';
import type { Connection } from '../ssh/transport.ts';
import type { OriginKind, Release } from './release.ts';

/** The daemon may have to be started first (fcos: up to 5 min, but then something is wrong). */
const LOOK_MS = 125_000;
/** Of services that were never deployed, of which silence is expected. */
const ASKED = { timeoutMs: 1_000, tries: 2 };

export async function lookAtOs(ctx: RunContext, connection: Connection): Promise<OsLook> {
  const call = osLookCall();
  const result = await connection.exec(call.command, {
    what: 'looking at the deployments',
    timeoutMs: LOOK_MS,
    stdin: call.stdin,
  });
  requireSuccess(ctx, connection, result, 'looking at the deployments');
  return parseOsLook(result.stdout);
}

export class Fleet {
  readonly #ctx: RunContext;
  readonly #roles: readonly HostRole[];
  readonly #surveys = new Map<string, Survey>();
  readonly #looks = new Map<string, OsLook>();
  readonly #lookedMs = new Map<string, number>();
  /** By pattern. */
  readonly #inService = new Map<string, Promise<boolean>>();

  constructor(ctx: RunContext, roles: readonly HostRole[]) {
    this.#ctx = ctx;
    this.#roles = roles;
  }

  /** Everybody in a redundancy group with one of these hosts, and they themselves; in the order of the inventory. */
  withMembers(hosts: readonly Host[]): readonly Host[] {
    const own = new Set(hosts.map(({ name }) => name));
    const theirs = this.#roles.filter(({ host }) => own.has(host.name)).flatMap(({ members }) => members);
    const wanted = new Set([...own, ...theirs.map(({ name }) => name)]);
    return [...this.#ctx.inventory.hosts.values()].filter(({ name }) => wanted.has(name));
  }

  /** Why a host cannot be asked is kept as its survey's error. */
  async connect(hosts: readonly Host[]): Promise<void> {
    await mapBounded(hosts, this.#ctx.options.forks, (host) => this.#connectOne(host));
    // Asked while other things are: it is needed before the first host's turn.
    for (const { name } of hosts) this.standIns(name).catch(() => {});
  }

  async #connectOne(host: Host): Promise<void> {
    const survey = await surveyHost(this.#ctx, mergedRoles(host, this.rolesOf(host.name)));
    this.#surveys.set(host.name, survey);
    if (!isSurveyed(survey)) return;
    try {
      await this.relook(host.name);
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      await survey.connection.close();
      this.#surveys.set(host.name, { desired: survey.desired, startedMs: survey.startedMs, error });
    }
  }

  survey(host: string): Survey {
    const survey = this.#surveys.get(host);
    if (survey === undefined) throw new Error(`${host} was not asked`);
    return survey;
  }

  /** Throws the error that made it unreachable. */
  reached(host: string): SurveyedHost {
    const survey = this.survey(host);
    if (!isSurveyed(survey)) throw survey.error;
    return survey;
  }

  look(host: string): OsLook {
    const look = this.#looks.get(host);
    if (look === undefined) throw new Error(`the deployments of ${host} were not looked at`);
    return look;
  }

  /** As it is now, or was a moment ago. */
  async recentLook(host: string, withinMs: number): Promise<OsLook> {
    const at = this.#lookedMs.get(host) ?? Number.NEGATIVE_INFINITY;
    return this.#ctx.now() - at <= withinMs ? this.look(host) : this.relook(host);
  }

  async relook(host: string): Promise<OsLook> {
    const look = await lookAtOs(this.#ctx, this.reached(host).connection);
    this.#looks.set(host, look);
    this.#lookedMs.set(host, this.#ctx.now());
    return look;
  }

  /** The host over another connection: it was booted, or the link was lost. */
  async reconnected(host: string, connection: Connection): Promise<SurveyedHost> {
    const before = this.survey(host);
    if (isSurveyed(before)) await before.connection.close();
    const { desired } = before;
    const bare = { desired, connection, early: Promise.resolve([]), startedMs: this.#ctx.now() };
    const survey = await reobserve(this.#ctx, bare);
    this.#surveys.set(host, survey);
    await this.relook(host);
    return survey;
  }

  async reobserve(host: string): Promise<SurveyedHost> {
    const survey = await reobserve(this.#ctx, this.reached(host));
    this.#surveys.set(host, survey);
    return survey;
  }

  rolesOf(host: string, pattern?: string): readonly HostRole[] {
    return this.#roles.filter((role) => role.host.name === host && (pattern ?? role.pattern) === role.pattern);
  }

  /** Who stands in for a host, as they are connected now: a group for each pattern that it is in and that serves something. */
  async standIns(host: string): Promise<StandIns> {
    const patterns = [...new Set(this.rolesOf(host).map(({ pattern }) => pattern))];
    const groups = patterns.map((pattern) => this.#group(host, pattern));
    const inService = await Promise.all(groups.map((group) => this.#isInService(group)));
    return new MemberGroups(
      groups.filter((_, index) => inService[index]),
      this.partners(host),
    );
  }

  #group(host: string, pattern: string): Members {
    const members = this.rolesOf(host, pattern)[0]?.members ?? [];
    // Peers may be in groups of their own, with members that this run has nothing to do with.
    const surveys = members.flatMap(({ name }): readonly Survey[] => {
      const survey = this.#surveys.get(name);
      return survey === undefined
        ? []
        : [{ ...survey, desired: mergedRoles(survey.desired.host, this.rolesOf(name, pattern)) }];
    });
    return new Members(this.#ctx, redundancyGroup(this.#ctx.inventory, pattern, members), surveys);
  }

  /** What was never deployed is nobody's service, unless somebody set it up by hand. Learnt once: an upgrade changes nothing in it. */
  #isInService(group: Members): Promise<boolean> {
    const { name } = group.group;
    const known = this.#inService.get(name) ?? this.#askWhetherInService(group);
    this.#inService.set(name, known);
    return known;
  }

  async #askWhetherInService({ group }: Members): Promise<boolean> {
    const surveys = group.members.flatMap(({ name }) => this.#surveys.get(name) ?? []);
    const seen = surveys.map((survey) => ({
      survey,
      desired: mergedRoles(survey.desired.host, this.rolesOf(survey.desired.host.name, group.name)),
    }));
    if (seen.some(({ survey, desired }) => !isSurveyed(survey) || hasConfirmed(desired, survey.observation)))
      return true;
    const answers = await Promise.all(
      seen.map(({ desired }) =>
        runProbes(
          desired.probes(new Map()).filter(({ kind }) => kind !== 'unit' && kind !== 'host'),
          ASKED,
        ),
      ),
    );
    // A DHCP server that says nothing passes where nothing speaks against it: that is no sign of life.
    return answers.some((results) => results.length > 0 && results.every(({ ok, silent }) => ok && silent !== true));
  }

  /** The host and the members of all its groups, those that can be reached. */
  partners(host: string): readonly SurveyedHost[] {
    const own = this.#ctx.inventory.hosts.get(host);
    return this.withMembers(own === undefined ? [] : [own])
      .flatMap(({ name }) => this.#surveys.get(name) ?? [])
      .filter(isSurveyed);
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#surveys.values()].map((survey) => (isSurveyed(survey) ? survey.connection.close() : undefined)),
    );
  }
}

/** What a host boots, as a release. Of an OCI origin the deployment's checksum is the host's own, and names nothing elsewhere. */
export function bootedRelease(look: OsLook): { readonly origin: OriginKind; readonly release: Release } | undefined {
  const booted = look.deployments.find((one) => one.booted);
  if (booted === undefined) return undefined;
  return { origin: booted.image === undefined ? 'ostree' : 'oci', release: releaseOfDeployment(booted) };
}

export function releaseOfDeployment(one: OsLook['deployments'][number]): Release {
  const named = { version: one.version, ...(one.timestamp > 0 ? { timestampSec: one.timestamp } : {}) };
  if (one.image === undefined) return { ...named, checksum: one.baseChecksum };
  return { ...named, ...(one.image.digest === undefined ? {} : { digest: one.image.digest }) };
}
