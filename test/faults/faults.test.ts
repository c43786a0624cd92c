/**
 * Whatever dies, whenever: each host ends wholly old or wholly new, and serving, and nobody notices (docs/faults.md).
 * A fixed sample by default; COREOS_INFRA_SWEEP=full (npm run test:faults) tries everything.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { noLab } from '../lab/requirements.ts';
import { FaultPair } from './fault-pair.ts';
import { Pool, pairCount } from './pool.ts';
import { trials } from './suites.ts';
import { Table } from './table.ts';

const all = noLab === undefined ? await trials(process.env['COREOS_INFRA_SWEEP'] === 'full') : [];

describe.skipIf(noLab !== undefined)('faults', () => {
  const table = new Table(all.length);
  let pool: Pool<FaultPair> | undefined;

  beforeAll(async () => {
    pool = await Pool.up(Math.min(pairCount(), all.length), FaultPair.up);
  });
  afterAll(async () => {
    await pool?.down();
    table.print();
  });

  describe.concurrent('each host ends wholly old or wholly new, and clients lose nothing', () => {
    for (const { suite, name, run } of all) {
      it(`${suite}: ${name}`, async () => {
        await pool?.with((pair) =>
          table.during(suite, name, async () => {
            const { end, said, asked, problems } = await run(pair);
            if (problems.length > 0) throw new Error(problems.join('\n'));
            return { outcome: end, detail: `${said}, ${asked} queries` };
          }),
        );
      });
    }
  });
});
