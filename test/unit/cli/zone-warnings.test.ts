import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { zonesOf } from '../../../src/cli/playbook-target.ts';
import { zoneWarnings } from '../../../src/cli/zone-warnings.ts';
import type { ZoneProblem } from '../../../src/dns/problems.ts';
import type { Inventory } from '../../../src/inventory/model.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zone-warnings-'));
  mkdirSync(join(dir, 'zones'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A zone in which so many host names have a character that host names do not have. */
function write(doubts: number): void {
  const records = Array.from({ length: doubts }, (_, index) => `bad_name${index} IN A 192.0.2.${index + 1}\n`).join('');
  writeFileSync(
    join(dir, 'zones/db.example.com'),
    `$TTL 300\n@ IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.1\n${records}`,
  );
}

const inventory = (): Inventory => ({ dir, hosts: new Map(), groups: new Map(), varNames: new Map() });

describe('doubts about zone files', () => {
  it('are told once, when a role asks for the zones, with file and line', async () => {
    write(1);
    const told: ZoneProblem[] = [];
    const zones = await zonesOf(inventory(), (problems) => void told.push(...problems));
    expect(told, 'a playbook without zones hears nothing of them').toEqual([]);
    expect(zones()).toHaveLength(1);
    expect(zones()).toHaveLength(1);
    expect(told).toHaveLength(1);
    expect(zoneWarnings(told)).toEqual([
      {
        message: expect.stringMatching(/zones\/db\.example\.com:5.*bad_name0/),
        remedy: expect.stringContaining('Host names have letters'),
      },
    ]);
  });

  it('do not flood a run: the rest is counted', async () => {
    write(9);
    const told: ZoneProblem[] = [];
    (await zonesOf(inventory(), (problems) => void told.push(...problems)))();
    const shown = zoneWarnings(told);
    expect(shown).toHaveLength(6);
    expect(shown.at(-1)).toEqual({ message: '4 more in the zone files', remedy: 'All of them: run inventory check' });
  });
});
