/** A client of both resolvers as a program of its own, so that nothing else that the tests do delays it. Ends with its stdin; prints the figures. */
import { writeSync } from 'node:fs';
import { type LoopFigure, QueryLoop, type QueryTarget } from '../../src/probes/query-loop.ts';
import type { ClientFigures } from './client-process.ts';

/** Queries a second to each member. Timers come late rather than early: more is asked for than 200. */
const RATE = 225;
/** So many at a time: who wakes up for one packet takes more time for it than for the next. */
const BURST = 5;
/** Less than what resolvers wait before they try the other (resolv.conf(5): 5 s). */
const ANSWER_MS = 4_000;

const targets = JSON.parse(process.argv[2] ?? '[]') as QueryTarget[];
const loops = Array.from({ length: BURST }, () => new QueryLoop(targets, { rate: RATE / BURST, timeoutMs: ANSWER_MS }));
for (const loop of loops) loop.start();

function sum(figures: readonly LoopFigure[]): LoopFigure {
  return figures.reduce((all, one) => ({
    asked: all.asked + one.asked,
    answered: all.answered + one.answered,
    longestGapMs: Math.max(all.longestGapMs, one.longestGapMs),
  }));
}

async function figures(): Promise<ClientFigures> {
  const all = await Promise.all(loops.map((loop) => loop.stop()));
  const member = (name: string): LoopFigure => sum(all.flatMap(({ members }) => members[name] ?? []));
  return {
    group: sum(all.map(({ group }) => group)),
    members: Object.fromEntries(targets.map(({ name }) => [name, member(name)])),
  };
}

process.stdin.resume();
process.stdin.once('end', () => {
  figures().then(
    (ended) => {
      writeSync(1, JSON.stringify(ended));
      process.exit(0);
    },
    () => process.exit(1),
  );
});
