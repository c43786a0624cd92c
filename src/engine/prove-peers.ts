/** The peer gate in a roll-out: what was seen of the peers when the run began is not held against them when another run changed them since. */
import { InfraError } from '../errors.ts';
import { RefusedError } from './errors.ts';
import type { GateProof, StandIns } from './members.ts';
import type { RunContext } from './run-context.ts';
import { reobserve, type SurveyedHost } from './survey.ts';

/** That enough others serve while `targets` are touched. Throws RefusedError. */
export async function provePeers(ctx: RunContext, members: StandIns, targets: ReadonlySet<string>): Promise<GateProof> {
  const { forceUnsafe } = ctx.options;
  try {
    return await members.prove(targets, forceUnsafe);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    // They may serve what another run has confirmed meanwhile: a later serial than the one that we saw.
    const peers = members.reached.filter(({ desired }) => !targets.has(desired.host.name));
    await Promise.all(peers.map((peer) => lookAgain(ctx, members, peer)));
    return members.prove(targets, forceUnsafe);
  }
}

/** What a host is from now on judged by, as a peer of the others. A link that fails here leaves the older view. */
export async function lookAgain(ctx: RunContext, members: StandIns, survey: SurveyedHost): Promise<void> {
  try {
    members.update(survey.desired.host.name, (await reobserve(ctx, survey)).observation);
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
  }
}
