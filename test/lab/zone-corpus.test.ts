/** The referee: the real CoreDNS takes what we take and serves exactly the records that we parsed; what it refuses, we refuse. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nameToWire } from '../../src/dns/names.ts';
import { renderZone } from '../../src/dns/render.ts';
import type { Zone } from '../../src/dns/zone.ts';
import { corpus, parseCorpusZone } from '../corpus/zones/corpus.ts';
import { type Running, startCoredns, transfer } from './coredns-process.ts';
import { noLab } from './requirements.ts';

const SERIAL = 2026112042;
const good = corpus('good');
const bad = corpus('bad');
const folder = mkdtempSync(join(tmpdir(), 'zone-corpus-'));
let asWritten: Running;
let asRendered: Running;

function parsed(index: number): Zone {
  const { zone } = parseCorpusZone(good[index] as (typeof good)[number]);
  if (zone === undefined) throw new Error(`${good[index]?.name} is refused`);
  return zone;
}

/** As `transfer` gives them. */
function records(zone: Zone): readonly string[] {
  return zone.records
    .map(
      ({ owner, ttl, code, octets }) =>
        `${Buffer.from(nameToWire(owner)).toString('hex')} ${ttl} ${code} ${Buffer.from(octets).toString('hex')}`,
    )
    .toSorted();
}

async function started(zones: Parameters<typeof startCoredns>[0]): Promise<Running> {
  const running = await startCoredns(zones);
  if ('refusal' in running) throw new Error(`CoreDNS refuses a good zone: ${running.refusal}`);
  return running;
}

describe.skipIf(noLab !== undefined)('zones and CoreDNS', () => {
  beforeAll(async () => {
    asWritten = await started(good.map(({ origin, path }) => ({ origin, path })));
    asRendered = await started(
      good.map(({ origin, name }, index) => {
        const path = join(folder, name);
        writeFileSync(path, renderZone(parsed(index), SERIAL));
        return { origin, path };
      }),
    );
  }, 600_000);

  afterAll(async () => {
    await Promise.all([asWritten, asRendered].map((running) => running?.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  describe('what we take, CoreDNS takes', () => {
    it.each(good.map((zone, index) => ({ ...zone, index })))(
      '$name as written is served with the records that we parsed',
      async ({ index, origin }) => {
        const served = await transfer(asWritten.ports[index] as number, origin);
        // A record that is written twice is served twice; we render it once.
        expect([...new Set(served)].toSorted()).toEqual(records(parsed(index)));
      },
    );

    it.each(good.map((zone, index) => ({ ...zone, index })))(
      '$name as rendered is served with the same records',
      async ({ index, origin }) => {
        const served = await transfer(asRendered.ports[index] as number, origin);
        const isSoa = (record: string): boolean => record.split(' ')[2] === '6';
        expect(served.toSorted().filter((record) => !isSoa(record))).toEqual(
          records(parsed(index)).filter((record) => !isSoa(record)),
        );
        const soa = served.find(isSoa)?.split(' ')[3] ?? '';
        expect(Number.parseInt(soa.slice(-40, -32), 16)).toBe(SERIAL);
      },
    );
  });

  describe('what CoreDNS refuses, we refuse', () => {
    it.each(bad.filter(({ coredns }) => coredns === 'refuses'))('$name stops CoreDNS', async ({ origin, path }) => {
      const running = await startCoredns([{ origin, path }]);
      if (!('refusal' in running)) await running.stop();
      expect(running).toHaveProperty('refusal');
    });

    it('and what we refuse beyond that, it loads: the comments of the corpus are true', async () => {
      const running = await started(
        bad.filter(({ coredns }) => coredns === 'accepts').map(({ origin, path }) => ({ origin, path })),
      );
      await running.stop();
    });
  });
});
