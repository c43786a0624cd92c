/** The members of a redundancy group as a run sees them: surveyed once, asked again whether they serve whenever it matters. */
import { InfraError } from '../errors.ts';
import type { Vantage } from '../probes/via-host.ts';
import { askProbes } from './ask.ts';
import { RefusedError } from './errors.ts';
import { judgeUnits } from './judge.ts';
import type { Observation } from './observation.ts';
import { type MemberHealth, memberHealth, memberProbes, peerGate, type RedundancyGroup } from './redundancy.ts';
import type { RunContext } from './run-context.ts';
import { isSurveyed, type Survey, type SurveyedHost } from './survey.ts';

/** Tries of a member that is asked before its peer is touched: a lost packet must not stop a run. */
const TIMING = { timeoutMs: 1_000, tries: 3 };

/** Who stands in for whom while hosts are changed: one redundancy group, or several at once (member-groups.ts). */
export interface StandIns {
  /** Names of all members, reached or not. */
  readonly names: readonly string[];
  readonly reached: readonly SurveyedHost[];
  vantages(host: string): readonly Vantage[];
  update(host: string, observation: Observation): void;
  health(host: string): Promise<MemberHealth>;
  prove(targets: ReadonlySet<string>, force: boolean): Promise<GateProof>;
}

export interface GateProof {
  readonly serving: ReadonlySet<string>;
  /** Why the gate is open although nobody stands in. */
  readonly notes: readonly string[];
}

export class Members implements StandIns {
  readonly #ctx: RunContext;
  readonly group: RedundancyGroup;
  readonly #surveys: ReadonlyMap<string, Survey>;
  /** What a member is now known to hold: replaced when it is confirmed on a new state. */
  readonly #observations = new Map<string, Observation>();

  constructor(ctx: RunContext, group: RedundancyGroup, surveys: readonly Survey[]) {
    this.#ctx = ctx;
    this.group = group;
    this.#surveys = new Map(surveys.map((survey) => [survey.desired.host.name, survey]));
  }

  get names(): readonly string[] {
    return this.group.members.map(({ name }) => name);
  }

  get reached(): readonly SurveyedHost[] {
    return [...this.#surveys.values()].filter(isSurveyed);
  }

  /** Where a member's service can be asked from when this machine cannot reach it: its peers, then itself. */
  vantages(host: string): readonly Vantage[] {
    const all = this.reached.map(({ desired, connection }) => ({ name: desired.host.name, connection }));
    return [...all.filter(({ name }) => name !== host), ...all.filter(({ name }) => name === host)];
  }

  /** Its next health is judged by this newer observation. */
  update(host: string, observation: Observation): void {
    this.#observations.set(host, observation);
  }

  /** Asks a member, now, what its own confirmed state says that it serves. */
  async health(host: string): Promise<MemberHealth> {
    const survey = this.#surveys.get(host);
    if (survey === undefined || !isSurveyed(survey)) {
      const why =
        survey !== undefined && survey.error instanceof InfraError ? survey.error.message : 'it was not asked';
      return { name: host, serves: false, answers: false, confirmed: false, failed: [], unreachable: why };
    }
    const observation = this.#observations.get(host) ?? survey.observation;
    const probes = memberProbes(survey.desired, observation);
    const answers = await askProbes(this.#ctx, probes, TIMING, this.vantages(host));
    const results = judgeUnits(probes, answers, observation);
    return memberHealth(survey.desired, observation, results);
  }

  /** The rule of the peer gate, proven now. Throws RefusedError; returns why the gate is open. */
  async prove(targets: ReadonlySet<string>, force: boolean): Promise<GateProof> {
    const all = await Promise.all(this.names.map((name) => this.health(name)));
    const others = all.filter(({ name }) => !targets.has(name));
    const notes: string[] = [];
    for (const target of all.filter(({ name }) => targets.has(name))) {
      const verdict = peerGate(this.group, target, others);
      if (verdict.open) {
        if (verdict.why === 'nobody-stands-in')
          notes.push(`nobody stands in for ${target.name}: ${this.group.name} has no other member that must serve`);
        continue;
      }
      const refusal = refused(this.group, target.name, verdict.healthy, verdict.missing);
      if (!force) throw refusal;
      notes.push(`${refusal.message} Touched all the same, because of --force-unsafe.`);
    }
    return { serving: new Set(all.filter(({ serves }) => serves).map(({ name }) => name)), notes };
  }
}

function refused(
  group: RedundancyGroup,
  target: string,
  healthy: readonly string[],
  missing: readonly MemberHealth[],
): RefusedError {
  const detail = missing.flatMap(({ name, failed, unreachable }) =>
    unreachable === undefined
      ? failed.map((result) => `${name}  ${result.service}  ${result.name}   ${result.detail}`)
      : [`${name}  cannot be asked: ${unreachable}`],
  );
  const who = missing.length === 1 ? 'its peer does not serve' : 'too few of its peers serve';
  const first = missing[0]?.name ?? group.name;
  return new RefusedError(`${target} was not touched: ${who} (${healthy.length} of ${group.minHealthy} needed).`, {
    host: target,
    detail,
    remedy: `Repair ${first} first (run the playbook with --limit ${first}), or see what is wrong: run status ${first}`,
  });
}
