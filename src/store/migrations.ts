/** The versions of the history's schema: each step takes the one before it further. Steps that were released are never changed. */
import { StoreNewerError } from './errors.ts';

/** `PRAGMA user_version` counts the steps that were taken. */
export const MIGRATIONS: readonly string[] = [
  // 1: runs with their hosts, changes, probes and notes; and what other parts keep by name.
  `CREATE TABLE runs (
     seq INTEGER PRIMARY KEY,
     id TEXT NOT NULL,
     command TEXT NOT NULL,
     args TEXT NOT NULL,
     started_at TEXT NOT NULL,
     ended_at TEXT,
     duration_ms INTEGER,
     owner TEXT NOT NULL,
     schedule TEXT,
     git_ref TEXT,
     git_dirty INTEGER,
     version TEXT NOT NULL,
     inventory TEXT NOT NULL,
     lab TEXT,
     is_check INTEGER NOT NULL,
     outcome TEXT NOT NULL,
     exit INTEGER,
     error TEXT,
     availability TEXT,
     process TEXT
   );
   CREATE INDEX runs_by_id ON runs (id);
   CREATE INDEX runs_by_time ON runs (started_at);
   CREATE TABLE hosts (
     run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
     position INTEGER NOT NULL,
     host TEXT NOT NULL,
     status TEXT NOT NULL,
     took_ms INTEGER,
     resources INTEGER,
     message TEXT,
     error TEXT,
     PRIMARY KEY (run, position)
   ) WITHOUT ROWID;
   CREATE INDEX hosts_by_name ON hosts (host, run);
   CREATE TABLE changes (
     run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
     position INTEGER NOT NULL,
     host TEXT NOT NULL,
     resource TEXT NOT NULL,
     action TEXT NOT NULL,
     detail TEXT,
     diff TEXT,
     hand_edit TEXT,
     PRIMARY KEY (run, position)
   ) WITHOUT ROWID;
   CREATE TABLE probes (
     run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
     position INTEGER NOT NULL,
     host TEXT NOT NULL,
     at TEXT NOT NULL,
     ok INTEGER NOT NULL,
     service TEXT NOT NULL,
     name TEXT NOT NULL,
     detail TEXT NOT NULL,
     took_ms INTEGER NOT NULL,
     asked_from TEXT,
     PRIMARY KEY (run, position)
   ) WITHOUT ROWID;
   CREATE TABLE notes (
     run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
     position INTEGER NOT NULL,
     at TEXT NOT NULL,
     kind TEXT NOT NULL,
     host TEXT,
     message TEXT NOT NULL,
     PRIMARY KEY (run, position)
   ) WITHOUT ROWID;
   CREATE TABLE kept (
     scope TEXT NOT NULL,
     key TEXT NOT NULL,
     value TEXT NOT NULL,
     updated_at TEXT NOT NULL,
     PRIMARY KEY (scope, key)
   ) WITHOUT ROWID;`,
];

/** The steps from `version` on. Throws StoreNewerError for a version that this program does not know. */
export function pendingMigrations(version: number, file: string): readonly string[] {
  if (version > MIGRATIONS.length) {
    throw new StoreNewerError(
      `the history was written by a newer version of coreos-infra (schema ${version}; this one knows ${MIGRATIONS.length})`,
      { where: { file }, remedy: 'Use that version, or put the file aside: a new history is begun.' },
    );
  }
  return MIGRATIONS.slice(version);
}
