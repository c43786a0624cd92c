import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/store/database.ts';
import { StoreError, StoreNewerError } from '../../../src/store/errors.ts';
import { MIGRATIONS } from '../../../src/store/migrations.ts';
import { historyFile, projectStateDir } from '../../../src/store/path.ts';

const dirs: string[] = [];
const open: Database[] = [];

function freshFile(): string {
  const dir = mkdtempSync(join(tmpdir(), 'coreos-infra-store-'));
  dirs.push(dir);
  return join(dir, 'state/coreos-infra/dns-1/history.db');
}

async function opened(file: string): Promise<Database> {
  const database = await openDatabase(file);
  open.push(database);
  return database;
}

afterEach(() => {
  for (const database of open.splice(0)) database.close();
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

describe('the database of the history', () => {
  test('is private to its user, in WAL mode, and at the newest version', async () => {
    const file = freshFile();
    const database = await opened(file);
    expect(database.all('PRAGMA journal_mode')[0]?.['journal_mode']).toBe('wal');
    expect(database.all('PRAGMA user_version')[0]?.['user_version']).toBe(MIGRATIONS.length);
    database.run("INSERT INTO kept VALUES ('a', 'b', '1', '')");
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
    for (const name of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(name).mode & 0o777, name).toBe(0o600);
  });

  test('of a newer version is refused with words and left as it is', async () => {
    const file = freshFile();
    const database = await openDatabase(file);
    database.run('PRAGMA user_version = 99');
    database.close();
    const before = readFileSync(file);
    const error = await openDatabase(file).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StoreNewerError);
    expect((error as StoreNewerError).message).toContain('schema 99');
    expect((error as StoreNewerError).where?.file).toBe(file);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test('that is damaged is an error that names the file and says what to do', async () => {
    const file = freshFile();
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, 'this is no database, whatever its name says'.repeat(100));
    const error = await openDatabase(file).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StoreError);
    expect((error as StoreError).remedy).toContain('put the file aside');
  });

  test('in a folder that cannot be made is an error, not a crash', async () => {
    const file = freshFile();
    writeFileSync(join(file, '../../../..', 'state'), 'a file where a folder should be');
    const error = await openDatabase(file).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StoreError);
  });

  test('that is full is an error with a remedy, and the transaction leaves nothing behind', async () => {
    const database = await opened(freshFile());
    const pages = Number(database.all('PRAGMA page_count')[0]?.['page_count']);
    database.all(`PRAGMA max_page_count = ${pages + 2}`);
    const fill = (): void =>
      database.transaction(() => {
        for (let row = 0; row < 100; row++)
          database.run("INSERT INTO kept VALUES ('full', ?, ?, '')", String(row), 'x'.repeat(4000));
      });
    expect(fill).toThrow(StoreError);
    expect(fill).toThrow(expect.objectContaining({ remedy: expect.stringContaining('prune') }));
    expect(database.all("SELECT count(*) AS n FROM kept WHERE scope = 'full'")[0]?.['n']).toBe(0);
  });

  test('takes writers from several processes at once, first use included, without losing a row', async () => {
    const file = freshFile();
    const program = `
      const { openDatabase } = await import(${JSON.stringify(new URL('../../../src/store/database.ts', import.meta.url).pathname)});
      const database = await openDatabase(process.argv[2]);
      for (let row = 0; row < 25; row++)
        database.transaction(() => database.run("INSERT INTO kept VALUES ('w', ?, '1', '')", process.pid + ' ' + row));
      database.close();`;
    const compiled = await bundled(program);
    const codes = await Promise.all([1, 2, 3, 4].map(() => nodeRuns(compiled, file)));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect((await opened(file)).all('SELECT count(*) AS n FROM kept')[0]?.['n']).toBe(100);
  });
});

test('a project keeps its history when it is reached by another path, and two projects of one name have one each', () => {
  const dir = mkdtempSync(join(tmpdir(), 'coreos-infra-store-'));
  dirs.push(dir);
  expect(projectStateDir(`${dir}/.`)).toBe(projectStateDir(dir));
  expect(historyFile('/srv/a/dns')).not.toBe(historyFile('/srv/b/dns'));
  expect(projectStateDir('/srv/näme with spaces')).toMatch(/\/n-me-with-spaces-[0-9a-f]{8}$/);
});

/** Node 20 does not read TypeScript. */
async function bundled(program: string): Promise<string> {
  const { build } = await import('esbuild');
  const dir = mkdtempSync(join(new URL('../../..', import.meta.url).pathname, 'node_modules/.cache-store-test-'));
  dirs.push(dir);
  chmodSync(dir, 0o700);
  const outfile = join(dir, 'program.mjs');
  await build({
    stdin: { contents: program, resolveDir: dir },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    external: ['libsql'],
    logLevel: 'silent',
  });
  return outfile;
}

function nodeRuns(program: string, file: string): Promise<number | null> {
  return new Promise((resolve) => {
    spawn(process.execPath, [program, file], { stdio: ['ignore', 'ignore', 'inherit'] }).on('close', resolve);
  });
}
