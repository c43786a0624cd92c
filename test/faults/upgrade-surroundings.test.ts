/**
 * OS upgrades while others work on the same hosts, disks are full, Zincati is at work and clocks are wrong: each really so on real lab hosts.
 * What must hold is what holds in upgrade.test.ts. Minutes in all: only with COREOS_INFRA_SWEEP=full (npm run test:faults:upgrade).
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { noLab } from '../lab/requirements.ts';
import { Pool, pairCount } from './pool.ts';
import { OTHERS_CASES } from './surroundings-others.ts';
import { Table } from './table.ts';
import { runUpgradeCase } from './upgrade-case.ts';
import { UpgradePair } from './upgrade-pair.ts';

const isFull = process.env['COREOS_INFRA_SWEEP'] === 'full';
const skipped = noLab ?? (isFull ? undefined : 'upgrades meet bad surroundings only with COREOS_INFRA_SWEEP=full');
if (skipped !== undefined) process.stderr.write(`surroundings of upgrades: skipped: ${skipped}\n`);

const all = [...OTHERS_CASES];
const PAIRS_MAX = 5;

describe.skipIf(skipped !== undefined)('upgrades in bad surroundings', () => {
  const table = new Table(all.length);
  let pool: Pool<UpgradePair> | undefined;

  beforeAll(async () => {
    pool = await Pool.up(Math.min(pairCount(), PAIRS_MAX, all.length), UpgradePair.up);
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
