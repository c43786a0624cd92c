/**
 * OS upgrades while others work on the same hosts, disks are full, Zincati is at work and clocks are wrong: each really so on real lab hosts.
 * What must hold is what holds in upgrade.test.ts. Minutes in all: only with COREOS_INFRA_SWEEP=full (npm run test:faults:upgrade:surroundings).
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { noLab } from '../lab/requirements.ts';
import { Pool, pairCount } from './pool.ts';
import { CLOCK_CASES } from './surroundings-clock.ts';
import { IMAGE_CASE } from './surroundings-image.ts';
import { OTHERS_CASES } from './surroundings-others.ts';
import { ZINCATI_CASES } from './surroundings-zincati.ts';
import { Table } from './table.ts';
import { runUpgradeCase } from './upgrade-case.ts';
import { UpgradePair } from './upgrade-pair.ts';

const isFull = process.env['COREOS_INFRA_SWEEP'] === 'full';
const skipped = noLab ?? (isFull ? undefined : 'upgrades meet bad surroundings only with COREOS_INFRA_SWEEP=full');
if (skipped !== undefined) process.stderr.write(`surroundings of upgrades: skipped: ${skipped}\n`);

const all = [...ZINCATI_CASES, ...OTHERS_CASES, ...CLOCK_CASES];
/** Beside the one of its own that follows an image. */
const PAIRS_MAX = 3;

describe.skipIf(skipped !== undefined)('upgrades in bad surroundings', () => {
  const table = new Table(all.length + 1);
  let pool: Pool<UpgradePair> | undefined;

  beforeAll(async () => {
    pool = await Pool.up(Math.min(pairCount(PAIRS_MAX), all.length), UpgradePair.up);
  });
  afterAll(async () => {
    await pool?.down();
    table.print();
  });

  async function withOwnPair(work: (pair: UpgradePair) => Promise<void>): Promise<void> {
    const pair = await UpgradePair.up(`faults-${process.pid}-own`);
    try {
      await work(pair);
    } finally {
      await pair.down();
    }
  }

  describe.concurrent('every host ends on the new release or the old one, and clients lose nothing', () => {
    it(`${IMAGE_CASE.suite}: ${IMAGE_CASE.name}`, () =>
      withOwnPair((pair) => table.during(IMAGE_CASE.suite, IMAGE_CASE.name, () => runUpgradeCase(pair, IMAGE_CASE))));

    for (const one of all) {
      it(`${one.suite}: ${one.name}`, async () => {
        await pool?.with((pair) => table.during(one.suite, one.name, () => runUpgradeCase(pair, one)));
      });
    }
  });
});
