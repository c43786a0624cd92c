/** Around the lab tests: says why they are skipped, and takes down what killed tests left behind. */
import { existsSync } from 'node:fs';
import { labDown } from '../../src/lab/index.ts';
import { listLabStates } from '../../src/lab/state.ts';
import { noLab, PAIR_PREFIX } from '../lab/requirements.ts';

export default async function setup(): Promise<() => Promise<void>> {
  if (noLab !== undefined) {
    process.stderr.write(`test/lab is skipped: ${noLab}\n`);
    return async () => {};
  }
  await removeLeftovers();
  return removeLeftovers;
}

/** Pairs whose process is gone. */
async function removeLeftovers(): Promise<void> {
  for (const { name } of listLabStates()) {
    const pid = new RegExp(`^${PAIR_PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await labDown(name);
  }
}
