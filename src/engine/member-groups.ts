/** Several redundancy groups at once: a change that touches more than one service needs all of their peers. */
import type { Vantage } from '../probes/via-host.ts';
import type { GateProof, Members, StandIns } from './members.ts';
import type { Observation } from './observation.ts';
import type { MemberHealth } from './redundancy.ts';
import type { SurveyedHost } from './survey.ts';

export class MemberGroups implements StandIns {
  readonly #groups: readonly Members[];
  readonly #reached: readonly SurveyedHost[];

  /** `reached`: one survey for each host of any of the groups. */
  constructor(groups: readonly Members[], reached: readonly SurveyedHost[]) {
    this.#groups = groups;
    this.#reached = reached;
  }

  get names(): readonly string[] {
    return [...new Set(this.#groups.flatMap(({ names }) => names))];
  }

  get reached(): readonly SurveyedHost[] {
    return this.#reached;
  }

  vantages(host: string): readonly Vantage[] {
    const all = this.#reached.map(({ desired, connection }) => ({ name: desired.host.name, connection }));
    return [...all.filter(({ name }) => name !== host), ...all.filter(({ name }) => name === host)];
  }

  update(host: string, observation: Observation): void {
    for (const group of this.#groups) group.update(host, observation);
  }

  /** Serves only when it does in every group that it is in. */
  async health(host: string): Promise<MemberHealth> {
    const mine = this.#groups.filter(({ names }) => names.includes(host));
    const all = await Promise.all(mine.map((group) => group.health(host)));
    const [first] = all;
    if (first === undefined) return { name: host, serves: true, answers: false, confirmed: false, failed: [] };
    return {
      ...first,
      serves: all.every(({ serves }) => serves),
      answers: all.some(({ answers }) => answers),
      confirmed: all.some(({ confirmed }) => confirmed),
      failed: all.flatMap(({ failed }) => failed),
    };
  }

  /** Each group for itself: who stands in for DNS need not do so for time. */
  async prove(targets: ReadonlySet<string>, force: boolean): Promise<GateProof> {
    const proofs = await Promise.all(this.#groups.map((group) => group.prove(targets, force)));
    const failing = new Set<string>();
    for (const [index, { serving }] of proofs.entries()) {
      for (const name of this.#groups[index]?.names ?? []) if (!serving.has(name)) failing.add(name);
    }
    return {
      serving: new Set(this.names.filter((name) => !failing.has(name))),
      notes: [...new Set(proofs.flatMap(({ notes }) => notes))],
    };
  }
}
