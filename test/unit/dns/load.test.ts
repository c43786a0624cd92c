import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZoneError } from '../../../src/dns/errors.ts';
import { loadZones } from '../../../src/dns/load.ts';
import { HEAD } from './zones.ts';

let dir: string;
const ZONE = `${HEAD.join('\n')}\n`;

function write(name: string, content: string | Buffer): void {
  writeFileSync(join(dir, 'zones', name), content);
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zones-'));
  mkdirSync(join(dir, 'zones'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const load = (): ReturnType<typeof loadZones> => loadZones(join(dir, 'zones'), { cwd: dir });

describe('the folder of zones', () => {
  it('gives one zone per file, by name', async () => {
    write('db.example.net', ZONE);
    write('db.example.com', `${ZONE}x CNAME nowhere\n`);
    const { zones, warnings } = await load();
    expect(zones.map(({ name, file }) => `${name} ${file}`)).toEqual([
      'example.com zones/db.example.com',
      'example.net zones/db.example.net',
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['dangling-target']);
  });

  it('that does not exist has no zones', async () => {
    expect((await loadZones(join(dir, 'nothing'))).zones).toEqual([]);
  });

  it('reports the problems of all files together', async () => {
    write('db.example.net', `${ZONE}a A x\n`);
    write('db.example.com', `${ZONE}b A y\n`);
    const error = await load().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ZoneError);
    expect((error as ZoneError).message).toBe('2 problems in 2 zone files');
    expect((error as ZoneError).problems.map(({ where }) => where.file)).toEqual([
      'zones/db.example.com',
      'zones/db.example.net',
    ]);
  });

  it.each([
    'README',
    'db.example.com~',
    '.db.example.com.swp',
    'db.',
    'db.Example.com',
    'db.example.com.',
    'example.com',
  ])('refuses a file called %s', async (name) => {
    write('db.example.org', ZONE);
    write(name, ZONE);
    await expect(load()).rejects.toMatchObject({ code: 'E_ZONE_FOLDER', where: { file: `zones/${name}` } });
  });

  it('refuses a folder in it', async () => {
    mkdirSync(join(dir, 'zones', 'db.example.com'));
    await expect(load()).rejects.toMatchObject({ code: 'E_ZONE_FOLDER' });
  });

  it('refuses a file that is not UTF-8, with the line', async () => {
    write('db.example.com', Buffer.concat([Buffer.from(ZONE), Buffer.from('x TXT "caf\xe9"\n', 'latin1')]));
    await expect(load()).rejects.toMatchObject({ code: 'E_ZONE_FOLDER', where: { line: 5 } });
  });

  it('reads what zones include, also when it lies beside them', async () => {
    write('db.example.com', `${ZONE}$INCLUDE hosts\n$INCLUDE ../more\n`);
    write('hosts', 'a A 192.0.2.1\n');
    writeFileSync(join(dir, 'more'), 'b A 192.0.2.2\n');
    const { zones } = await load();
    expect(zones[0]?.records.slice(3).map(({ owner, where }) => `${owner} ${where.file}`)).toEqual([
      'a.example.com. zones/hosts',
      'b.example.com. more',
    ]);
  });
});
