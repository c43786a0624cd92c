/**
 * The project's store: the history of its runs, and what other parts keep between runs.
 *
 *   const store = await openStore(project.dir);          // loads SQLite; throws StoreError and its kin
 *   const denied = store.kept('upgrade-deny');
 *   denied.set(`ns1 ${checksum}`, { reason: 'went back', run });
 *   store.close();
 */
import { type DatabaseOptions, openDatabase } from './database.ts';
import { type KeptValues, keptValues } from './kept.ts';
import { historyFile } from './path.ts';
import { type PruneRule, pruneRuns } from './prune.ts';
import { findRun, listRuns, type RunFilter } from './read-runs.ts';
import type { NoteRecord, RunLine, RunRecord } from './record.ts';
import { addNote, writeRun } from './write-run.ts';

export type { Json, Kept, KeptValues } from './kept.ts';
export { historyFile, projectStateDir } from './path.ts';
export type { RunFilter } from './read-runs.ts';
export type * from './record.ts';

export interface Store {
  readonly file: string;
  /** JSON values under one heading; a scope belongs to the part of the program that names it. */
  kept(scope: string): KeptValues;
  /** Newest first. */
  runs(filter?: RunFilter): readonly RunLine[];
  /** By the beginning of its id. */
  run(id: string): RunRecord;
  /** Returns the number to replace the record by, when it was written before its run had ended. */
  record(record: RunRecord, seq?: number): number;
  /** `run`: what record() returned, or the whole id of a run. */
  note(run: number | string, note: NoteRecord): void;
  prune(rule: PruneRule): number;
  close(): void;
}

/** Opens the store of a project (docs/history.md says where it lies), making it when there is none. */
export async function openStore(projectDir: string, options: DatabaseOptions = {}): Promise<Store> {
  return openStoreFile(historyFile(projectDir), options);
}

export async function openStoreFile(file: string, options: DatabaseOptions = {}): Promise<Store> {
  const database = await openDatabase(file, options);
  return {
    file,
    kept: (scope) => keptValues(database, scope),
    runs: (filter) => listRuns(database, filter),
    run: (id) => findRun(database, id),
    record: (record, seq) => writeRun(database, record, seq),
    note: (run, note) => addNote(database, run, note),
    prune: (rule) => pruneRuns(database, rule),
    close: () => database.close(),
  };
}
