/** What other parts of the program keep between runs: JSON values by scope and name, and rows that are changed one writer at a time. */
import type { Database } from './database.ts';
import { StoreValueError } from './errors.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Kept {
  readonly key: string;
  readonly value: Json;
  /** ISO 8601. */
  readonly updatedAt: string;
}

/** All of one scope, e.g. `upgrade-deny` or `upgrade-run`. Every call is one transaction; safe beside other processes. */
export interface KeptValues {
  get(key: string): Json | undefined;
  set(key: string, value: Json): void;
  /** Whether it was there. */
  delete(key: string): boolean;
  /** By key; `prefix`: only those that begin so. */
  list(prefix?: string): readonly Kept[];
  /** Reads and writes under one lock. `change` gets undefined when there is nothing yet; returning undefined deletes. */
  update(key: string, change: (before: Json | undefined) => Json | undefined): Json | undefined;
}

export function keptValues(database: Database, scope: string): KeptValues {
  const get = (key: string): Json | undefined => {
    const [row] = database.all('SELECT value FROM kept WHERE scope = ? AND key = ?', scope, key);
    return row === undefined ? undefined : parse(row['value'], scope, key, database.file);
  };
  const set = (key: string, value: Json): void => {
    database.run(
      `INSERT INTO kept (scope, key, value, updated_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
      scope,
      key,
      JSON.stringify(value),
      new Date().toISOString(),
    );
  };
  const remove = (key: string): boolean =>
    database.run('DELETE FROM kept WHERE scope = ? AND key = ?', scope, key).changes > 0;
  return {
    get,
    set,
    delete: remove,
    list: (prefix = '') =>
      database
        .all(
          'SELECT key, value, updated_at FROM kept WHERE scope = ? AND substr(key, 1, length(?)) = ? ORDER BY key',
          scope,
          prefix,
          prefix,
        )
        .map((row) => ({
          key: String(row['key']),
          value: parse(row['value'], scope, String(row['key']), database.file),
          updatedAt: String(row['updated_at']),
        })),
    update: (key, change) =>
      database.transaction(() => {
        const after = change(get(key));
        if (after === undefined) remove(key);
        else set(key, after);
        return after;
      }),
  };
}

function parse(text: unknown, scope: string, key: string, file: string): Json {
  try {
    return JSON.parse(String(text)) as Json; // JSON has no other values
  } catch (error) {
    throw new StoreValueError(`what is kept as ${scope} ${key} is not JSON`, {
      where: { file },
      remedy: 'It was changed by hand: correct it with sqlite3(1), or delete the row.',
      cause: error,
    });
  }
}
