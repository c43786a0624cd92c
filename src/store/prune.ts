/** Takes old runs out of the history and gives the room back. */
import type { Database } from './database.ts';

export interface PruneRule {
  /** ISO 8601: runs that started earlier go. */
  readonly before: string;
  /** The newest so many stay, whatever their age. */
  readonly keepAtLeast: number;
}

/** Returns how many runs went. */
export function pruneRuns(database: Database, { before, keepAtLeast }: PruneRule): number {
  const { changes } = database.run(
    `DELETE FROM runs WHERE started_at < ?
     AND seq NOT IN (SELECT seq FROM runs ORDER BY started_at DESC, seq DESC LIMIT ?)`,
    before,
    keepAtLeast,
  );
  if (changes > 0) database.run('VACUUM');
  return changes;
}
