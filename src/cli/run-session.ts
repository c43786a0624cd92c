/**
 * One run as seen from the command line: its event stream and everybody who listens. The history, --report and notifications hang
 * here, so that every kind of run has them by opening one session and ending it.
 */
import type { RunEvent, Summary } from '../engine/events.ts';
import type { ExitCode } from '../errors.ts';
import type { Inventory } from '../inventory/model.ts';
import type { Notification } from '../notify/notify.schema.ts';
import type { Reporter } from '../report/reporter.ts';
import { createStream, drawRunId, type RunStream } from '../report/stream.ts';
import { maskKnown } from '../secrets/known.ts';
import { createCollector } from '../store/collect.ts';
import type { RunRecord } from '../store/record.ts';
import { redactor, redactRecord } from '../store/redact.ts';
import { commandName, type Project } from './context.ts';
import { HistoryKeeper } from './history-keeper.ts';
import type { InventoryFlags } from './target-inventory.ts';

export interface SessionFlags extends InventoryFlags {
  readonly check?: true;
  /** `junit=FILE`, `markdown=FILE` */
  readonly report?: readonly string[];
}

export interface SessionInput {
  /** The playbook or command. */
  readonly command: string;
  readonly flags: SessionFlags;
  readonly project: Project;
  /** What is shown on the screen, or --json. `showCommand`: `run history show 7f3a21`, once the run is in the history. */
  readonly screen: (options: { readonly showCommand: () => string | undefined }) => Reporter;
}

export interface RunSession {
  readonly stream: RunStream;
  /** Who is notified stands there. Throws InvalidValueError when that cannot be understood. Without it nobody is. */
  useInventory(inventory: Inventory): Promise<void>;
  /** After the summary: history, reports, screen, notifications, in this order. Throws only what the screen does. */
  end(exit: ExitCode): Promise<void>;
  /** The process ends at once: what can be written without waiting is. */
  abort(summary: Summary, exit: ExitCode): void;
}

/** Throws UsageError for a --report that cannot be written; nothing has been touched. */
export async function openSession({ command, flags, project, screen }: SessionInput): Promise<RunSession> {
  const report = flags.report === undefined ? undefined : await import('./report-files.ts');
  const files = report?.parseReports(flags.report ?? []) ?? [];
  const id = drawRunId();
  const keeper = new HistoryKeeper({ id, command, flags, project });
  const collector = createCollector();
  const redact = redactor(maskKnown);
  let notifications: readonly Notification[] = [];
  let isWrittenEarly = false;
  let isOver = false;
  const finished = (exit: ExitCode): RunRecord =>
    redactRecord(collector.ended(keeper.head(), { exit, endedAt: new Date().toISOString() }), redact);
  const writeEarly = async (): Promise<void> => {
    await keeper.ready();
    if (!isOver) keeper.write(redactRecord(collector.soFar(keeper.head()), redact));
  };
  const history: Reporter = {
    onEvent(event: RunEvent) {
      collector.add(event);
      if (event.event === 'run-started') keeper.prepare();
      if (isAboutToChange(event)) keeper.askWhetherDirty();
      if (event.event !== 'host-step' || isWrittenEarly) return;
      // From here on something changes: should this process die, the history says who began it.
      isWrittenEarly = true;
      void writeEarly();
    },
    close: async () => {},
  };
  const showCommand = (): string | undefined => {
    const words = keeper.showCommand();
    return words === undefined ? undefined : `${commandName()} ${words}`;
  };
  const stream = createStream(id, [history, screen({ showCommand })]);
  return {
    stream,
    async useInventory(inventory) {
      if (inventory.groups.get('all')?.vars['notify'] === undefined) return;
      const { notificationsOf } = await import('../notify/notify.schema.ts');
      notifications = notificationsOf(inventory);
    },
    async end(exit) {
      isOver = true;
      await keeper.ready();
      const record = finished(exit);
      keeper.write(record);
      try {
        report?.writeReports(files, record);
        await stream.close(exit);
        if (notifications.length > 0) await notify(notifications, record, keeper);
      } finally {
        keeper.close();
      }
    },
    abort(summary, exit) {
      isOver = true;
      collector.add({ ...summary, at: new Date().toISOString(), run: id });
      const record = finished(exit);
      keeper.write(record);
      report?.writeReports(files, record);
    },
  };
}

function isAboutToChange(event: RunEvent): boolean {
  return event.event === 'upgrade-planned' || (event.event === 'host-plan' && event.changes.length > 0);
}

async function notify(notifications: readonly Notification[], record: RunRecord, keeper: HistoryKeeper): Promise<void> {
  const { notifyEnd } = await import('./notify-run.ts');
  for (const note of await notifyEnd(notifications, record)) keeper.note(note);
}
