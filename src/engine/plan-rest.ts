/** What is still to come of a roll-out, when a host was found changed by somebody else. */
import type { Host } from '../inventory/model.ts';
import { type PlannedHost, planHost } from './plan-host.ts';
import type { RunContext } from './run-context.ts';
import { decideSerials } from './serials.ts';
import { reobserve } from './survey.ts';

/** The hosts that are still to come, observed and planned once more. */
export async function planRest(
  ctx: RunContext,
  planned: readonly PlannedHost[],
  members: readonly Host[],
): Promise<{ readonly serials: ReadonlyMap<string, number>; readonly plans: readonly PlannedHost[] }> {
  const surveys = await Promise.all(planned.map(({ survey }) => reobserve(ctx, survey)));
  const serials = await decideSerials(ctx, surveys, members);
  return { serials, plans: await Promise.all(surveys.map((survey) => planHost(ctx, survey, serials))) };
}
