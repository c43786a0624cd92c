/** A controller as a program of its own, so that it can be killed and stopped; events as NDJSON on stdout. */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ControllerOrder } from './controller-process.ts';
import { runOrder } from './controller-run.ts';

const words = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Node ends by itself only when nothing is open; here every end is meant. */
process.exit(
  await runOrder(JSON.parse(process.argv[2] ?? '') as ControllerOrder, {
    say: (event) => void writeSync(1, `${JSON.stringify(event)}\n`),
    held: () => words.next(),
  }),
);
