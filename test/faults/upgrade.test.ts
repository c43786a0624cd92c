/**
 * Everything that can happen to an OS upgrade on real hosts: each kind of bad release, a controller that dies at every state, pulled cables,
 * power cuts. Whatever happens: never both down, every host on the new release or back on the old one, and the next run finds its way.
 * A fixed sample by default; COREOS_INFRA_SWEEP=full (npm run test:faults:upgrade) tries everything.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { noLab } from '../lab/requirements.ts';
import { Pool, pairCount } from './pool.ts';
import { Table } from './table.ts';
import { runUpgradeCase } from './upgrade-case.ts';
import { DEATH_CASES } from './upgrade-deaths.ts';
import { UpgradePair } from './upgrade-pair.ts';
import { RELEASE_CASES } from './upgrade-releases.ts';

const isFull = process.env['COREOS_INFRA_SWEEP'] === 'full';
// Those that take longest first: nothing is left to wait for at the end.
const all = [...RELEASE_CASES, ...DEATH_CASES].filter(({ isSample }) => isFull || isSample === true);
/** Hosts that boot and stage take more of a machine than those that are deployed to. */
const PAIRS_MAX = 4;

if (noLab !== undefined) process.stderr.write(`faults of upgrades: skipped: ${noLab}\n`);

describe.skipIf(noLab !== undefined)('faults of upgrades', () => {
  const table = new Table(all.length);
  let pool: Pool<UpgradePair> | undefined;

  beforeAll(async () => {
    pool = await Pool.up(Math.min(pairCount(PAIRS_MAX), all.length), UpgradePair.up);
  });
  afterAll(async () => {
    await pool?.down();
    table.print();
  });

  describe.concurrent('every host ends on the new release or the old one, and clients lose nothing', () => {
    for (const one of all) {
      it(`${one.suite}: ${one.name}`, async () => {
        await pool?.with((pair) => table.during(one.suite, one.name, () => runUpgradeCase(pair, one)));
      });
    }
  });
});
