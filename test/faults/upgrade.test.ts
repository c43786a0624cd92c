/**
 * Everything that can happen to an OS upgrade on real hosts: each kind of bad release, a controller that dies at every state, pulled cables,
 * power cuts, full disks, and others who work on the same hosts. Whatever happens: never both down, every host on the new release or back on
 * the old one, and the next run finds its way.
 * A fixed sample by default; COREOS_INFRA_SWEEP=full (npm run test:faults:upgrade) tries everything.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { noLab } from '../lab/requirements.ts';
import { Pool, pairCount } from './pool.ts';
import { CLOCK_CASES } from './surroundings-clock.ts';
import { IMAGE_CASE } from './surroundings-image.ts';
import { OTHERS_CASES } from './surroundings-others.ts';
import { ZINCATI_CASES } from './surroundings-zincati.ts';
import { Table } from './table.ts';
import { runUpgradeCase, type UpgradeCase } from './upgrade-case.ts';
import { DEATH_CASES } from './upgrade-deaths.ts';
import { FORCE_CASES } from './upgrade-forces.ts';
import { UpgradePair } from './upgrade-pair.ts';
import { RELEASE_CASES } from './upgrade-releases.ts';
import { WAY_BACK_CASES } from './upgrade-ways-back.ts';

const isFull = process.env['COREOS_INFRA_SWEEP'] === 'full';
// Those that take longest first: nothing is left to wait for at the end.
const all = [
  ...FORCE_CASES,
  ...WAY_BACK_CASES,
  ...ZINCATI_CASES,
  ...CLOCK_CASES,
  ...RELEASE_CASES,
  ...OTHERS_CASES,
  ...DEATH_CASES,
].filter(({ isSample }) => isFull || isSample === true);
/** Its pair follows an image from then on: nobody else's. */
const alone = isFull ? [IMAGE_CASE] : [];
/** Pairs that are brought up side by side: that is waiting, too. */
const AT_ONCE = 3;

if (noLab !== undefined) process.stderr.write(`faults of upgrades: skipped: ${noLab}\n`);

describe.skipIf(noLab !== undefined)('faults of upgrades', () => {
  const table = new Table(all.length + alone.length);
  let pool: Pool<UpgradePair> | undefined;

  beforeAll(async () => {
    pool = await Pool.up(Math.min(pairCount(), all.length), UpgradePair.up, AT_ONCE);
  });
  afterAll(async () => {
    await pool?.down();
    table.print();
  });

  const tried = (pair: UpgradePair, one: UpgradeCase): Promise<void> =>
    table.during(one.suite, one.name, () => runUpgradeCase(pair, one));

  describe.concurrent('every host ends on the new release or the old one, and clients lose nothing', () => {
    for (const one of alone) it(`${one.suite}: ${one.name}`, () => withOwnPair((pair) => tried(pair, one)));
    for (const one of all) it(`${one.suite}: ${one.name}`, async () => pool?.with((pair) => tried(pair, one)));
  });
});

async function withOwnPair(work: (pair: UpgradePair) => Promise<void>): Promise<void> {
  const pair = await UpgradePair.up(`faults-${process.pid}-own`);
  try {
    await work(pair);
  } finally {
    await pair.down();
  }
}
