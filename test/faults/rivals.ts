/** Two controllers that change one pair at the same time: one after the other, or one gives way; never interleaved. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Content } from './content.ts';
import type { Controller } from './controller-process.ts';
import type { FaultPair } from './fault-pair.ts';
import { wholeness } from './host-state.ts';
import type { Outcome } from './run-case.ts';
import { nextRun } from './run-case.ts';

const ENDS_WITHIN_MS = 120_000;

/** `round` decides how much later the second starts, and whether it waits for the first. */
export async function runRivals(pair: FaultPair, round: number): Promise<Outcome> {
  const contents = [pair.next(round % 5 === 4 ? 'restart' : 'reload'), pair.next('reload')] as const;
  const waits = round % 2 === 1;
  const orders = { waitLockSec: waits ? 60 : 0, isInPeace: true };
  const client = await pair.startClient();
  const problems: string[] = [];
  try {
    const first = await pair.controller(contents[0], orders);
    await sleep((round * 97) % 700);
    const second = await pair.controller(contents[1], orders);
    const rivals = [first, second] as const;
    const codes = await Promise.all(rivals.map((rival) => rival.ended(ENDS_WITHIN_MS)));
    await pair.settled(ENDS_WITHIN_MS);
    problems.push(...interleaved(rivals), ...pair.hosts.flatMap((view) => pair.serialProblems(view)));
    for (const [index, rival] of rivals.entries()) {
      const allowed = waits ? [0] : [0, 5];
      if (!allowed.includes(codes[index] as number)) problems.push(`exit ${codes[index]}: ${rival.describe()}`);
    }
    if (!codes.includes(0)) problems.push('neither of them succeeded');
    const last = await theLast(pair, contents, rivals, problems);
    await nextRun(pair, pair.next('reload'), problems);
    const { group } = await client.stop();
    const lost = group.asked - group.answered;
    if (lost > 0) problems.push(`${lost} of ${group.asked} queries were answered by neither resolver`);
    return { end: last, said: `exit ${codes.join(' and ')}`, lost, asked: group.asked, problems };
  } finally {
    await client.stop().catch(() => undefined);
  }
}

/** From the first lock that a run asked for, to the last that it gave back, where it came as far as a change. */
function spanOf(rival: Controller): readonly [number, number] | undefined {
  const steps = rival.events.flatMap((event) => (event.event === 'controller-step' ? [event] : []));
  const began = steps.find(({ step }) => step.includes(' applying '));
  const ended = steps.findLast(({ step }) => step.includes(' confirming '));
  return began === undefined || ended === undefined ? undefined : [began.atMs, ended.atMs];
}

function interleaved([first, second]: readonly [Controller, Controller]): readonly string[] {
  const [one, two] = [spanOf(first), spanOf(second)];
  if (one === undefined || two === undefined) return [];
  return one[0] < two[1] && two[0] < one[1]
    ? [`both changed hosts at the same time: ${one.join('–')} and ${two.join('–')}`]
    : [];
}

/** Both hosts hold one and the same content: that of the run that ended last of those which succeeded. */
async function theLast(
  pair: FaultPair,
  contents: readonly [Content, Content],
  rivals: readonly [Controller, Controller],
  problems: string[],
): Promise<string> {
  const ends = rivals.map((rival) => (rival.code === 0 ? (spanOf(rival)?.[1] ?? 0) : -1));
  const last = (ends[0] ?? 0) > (ends[1] ?? 0) ? 0 : 1;
  // The second kind of content comes from what the pair held before the first: service words may differ.
  for (const view of pair.hosts) {
    const end = await wholeness(view, contents[last], contents[last]);
    if (end !== 'old')
      problems.push(`${view.name} is not what the ${last === 0 ? 'first' : 'second'} run made of it: ${end}`);
  }
  return last === 0 ? 'the first was last' : 'the second was last';
}
