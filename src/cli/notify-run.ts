/** Notifications at the end of a run: who was told is recorded, who could not be is said on stderr. */

import type { Notification } from '../notify/notify.schema.ts';
import { notifyAll } from '../notify/notify.ts';
import { warningLines } from '../report/run-text.ts';
import { styleFor } from '../report/terminal-style.ts';
import type { NoteRecord, RunRecord } from '../store/record.ts';

/** The notes for the history. */
export async function notifyEnd(all: readonly Notification[], record: RunRecord): Promise<readonly NoteRecord[]> {
  const told = await notifyAll(all, record);
  return told.map(({ receiver, failure }) => {
    const message = failure === undefined ? `told ${receiver}` : `${receiver} could not be told: ${failure}`;
    if (failure !== undefined) {
      const lines = warningLines({ message }, styleFor(process.stderr, process.env));
      process.stderr.write(`${lines.join('\n')}\n`);
    }
    return { at: new Date().toISOString(), kind: 'notification', host: null, message };
  });
}
