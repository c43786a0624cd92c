/** A client of both resolvers as a program of its own, so that nothing else that the tests do delays it. Ends with its stdin; prints the figures. */
import { writeSync } from 'node:fs';
import { QueryLoop, type QueryTarget } from '../../src/probes/query-loop.ts';

/** Queries a second to each member. Timers come late rather than early: more is asked for than 200. */
const RATE = 225;
/** Less than what resolvers wait before they try the other (resolv.conf(5): 5 s). */
const ANSWER_MS = 4_000;

const loop = new QueryLoop(JSON.parse(process.argv[2] ?? '[]') as QueryTarget[], { rate: RATE, timeoutMs: ANSWER_MS });
loop.start();
process.stdin.resume();
process.stdin.once('end', () => {
  loop.stop().then(
    (figures) => {
      writeSync(1, JSON.stringify(figures));
      process.exit(0);
    },
    () => process.exit(1),
  );
});
