/** The history's database: SQLite in WAL mode, private to its user. Loads the native program only when a database is opened. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type Libsql from 'libsql';
import { InfraError } from '../errors.ts';
import { StoreError, StoreUnavailableError } from './errors.ts';
import { pendingMigrations } from './migrations.ts';

export type SqlValue = string | number | null;
export type Row = Readonly<Record<string, SqlValue>>;

/** One open database. Everything is synchronous; every failure is an InfraError that names the file. */
export interface Database {
  readonly file: string;
  run(sql: string, ...values: readonly SqlValue[]): { readonly changes: number; readonly lastId: number };
  all(sql: string, ...values: readonly SqlValue[]): readonly Row[];
  /** Takes the write lock at once, so that what is read in it stays true; all of it or nothing is written. */
  transaction<T>(work: () => T): T;
  close(): void;
}

export interface DatabaseOptions {
  /** How long another writer is waited for, ms. */
  readonly busyMs?: number;
}

const BUSY_MS = 5_000;

/** Opens the file, making it when it is not there, and brings its schema up to date. Throws StoreError and its kin. */
export async function openDatabase(file: string, { busyMs = BUSY_MS }: DatabaseOptions = {}): Promise<Database> {
  const create = await loadLibrary();
  let native: Libsql.Database | undefined;
  try {
    makePrivate(file);
    native = create(file);
    native.exec(`PRAGMA busy_timeout = ${Math.round(busyMs)}; PRAGMA foreign_keys = ON`);
    setMode(native, busyMs);
    const database = wrap(native, file);
    migrate(database, native);
    return database;
  } catch (error) {
    native?.close();
    throw storeError(error, file);
  }
}

async function loadLibrary(): Promise<(file: string) => Libsql.Database> {
  try {
    const { default: Constructor } = await import('libsql');
    return (file) => new Constructor(file);
  } catch (error) {
    throw new StoreUnavailableError(`SQLite cannot be loaded for ${process.platform} ${process.arch}`, {
      remedy: 'Install the packages again on this machine, with the optional ones: npm ci --ignore-scripts.',
      detail: [firstLine(error)],
      cause: error,
    });
  }
}

/** Diffs and arguments are nobody else's business. SQLite gives its -wal and -shm files the mode of the database. */
function makePrivate(file: string): void {
  const dir = dirname(file);
  if (!existsSync(dir)) mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (existsSync(file)) return;
  chmodSync(dir, 0o700);
  closeSync(openSync(file, 'a', 0o600));
}

/**
 * WAL: readers never wait for writers. NORMAL: a power cut may take the last run from the history, never damage it, and no run waits
 * for the disk. Two processes that both turn a new file into WAL may find each other: SQLite does not wait for that lock.
 */
function setMode(native: Libsql.Database, busyMs: number): void {
  const giveUpAt = Date.now() + busyMs;
  for (;;) {
    try {
      native.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
      return;
    } catch (error) {
      if (!isBusy(error) || Date.now() > giveUpAt) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function migrate(database: Database, native: Libsql.Database): void {
  if (pendingMigrations(versionOf(database), database.file).length === 0) return;
  database.transaction(() => {
    // Read again under the lock: another process may just have done it.
    const version = versionOf(database);
    const steps = pendingMigrations(version, database.file);
    for (const step of steps) native.exec(step);
    native.exec(`PRAGMA user_version = ${version + steps.length}`);
  });
}

function versionOf(database: Database): number {
  return Number(database.all('PRAGMA user_version')[0]?.['user_version'] ?? 0);
}

function wrap(native: Libsql.Database, file: string): Database {
  const prepared = new Map<string, Libsql.Statement<unknown[]>>();
  /** A run writes many rows with few statements. */
  const statement = (sql: string): Libsql.Statement<unknown[]> => {
    const known = prepared.get(sql) ?? native.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storeError(error, file);
    }
  };
  return {
    file,
    run: (sql, ...values) =>
      guarded(() => {
        const { changes, lastInsertRowid } = statement(sql).run(...values);
        return { changes, lastId: Number(lastInsertRowid) };
      }),
    all: (sql, ...values) => guarded(() => native.prepare(sql).all(...values) as Row[]),
    transaction: (work) =>
      guarded(() => {
        native.exec('BEGIN IMMEDIATE');
        try {
          const result = work();
          native.exec('COMMIT');
          return result;
        } catch (error) {
          // A full disk may have ended the transaction already.
          if (native.inTransaction) native.exec('ROLLBACK');
          throw error;
        }
      }),
    close: () => {
      prepared.clear();
      native.close();
    },
  };
}

function storeError(error: unknown, file: string): unknown {
  if (error instanceof InfraError || error instanceof TypeError || error instanceof RangeError) return error;
  const code = codeOf(error);
  return new StoreError(`the history cannot be used: ${firstLine(error)}`, {
    where: { file },
    remedy: remedyOf(code),
    cause: error,
  });
}

function remedyOf(code: string): string {
  if (/FULL|ENOSPC|EDQUOT/.test(code)) return 'Make room on its disk, or: run history prune.';
  if (/BUSY|LOCKED/.test(code)) return 'Another program holds it: see fuser(1) on the file, then try again.';
  if (/CORRUPT|NOTADB/.test(code))
    return 'It is damaged: put the file aside, with its -wal and -shm; a new history is begun.';
  return 'See that its folder exists and may be written by you.';
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = 'code' in error ? String(error.code) : '';
  return `${code} ${/not a database|malformed/.test(error.message) ? 'NOTADB' : ''}${/full/.test(error.message) ? 'FULL' : ''}`;
}

function isBusy(error: unknown): boolean {
  return /BUSY|LOCKED/.test(codeOf(error)) || (error instanceof Error && /locked/.test(error.message));
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
