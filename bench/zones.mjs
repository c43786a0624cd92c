/** Zone files to measure with: 3 zones of 200 records. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ZONES = 3;
const RECORDS = 200;

/** Replaces the zones of an inventory. Records: SOA, two NS with their addresses, and A records up to the number. */
export function writeZones(zonesDir) {
  mkdirSync(zonesDir, { recursive: true });
  for (const name of readdirSync(zonesDir)) rmSync(join(zonesDir, name));
  for (let zone = 1; zone <= ZONES; zone++) {
    const head = [
      '$TTL 3600',
      '@ IN SOA ns1 hostmaster 1 7200 900 1209600 300',
      '  IN NS ns1',
      '  IN NS ns2',
      'ns1 IN A 192.0.2.11',
      'ns2 IN A 192.0.2.12',
    ];
    const hosts = Array.from(
      { length: RECORDS - 5 },
      (_, index) => `host${index} IN A 198.51.100.${(index % 250) + 1}`,
    );
    writeFileSync(join(zonesDir, `db.bench${zone}.example`), `${[...head, ...hosts].join('\n')}\n`);
  }
}
