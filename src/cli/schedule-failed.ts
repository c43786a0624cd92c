/** What systemd starts when a schedule has failed: somebody is told, unless the run itself has told already. */
import { hostname, userInfo } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import { EXIT, type ExitCode } from '../errors.ts';
import { loadInventory } from '../inventory/load.ts';
import { notificationsOf } from '../notify/notify.schema.ts';
import { drawRunId } from '../report/stream.ts';
import { findManagers, installedSchedules, type Manager, scheduleStates } from '../schedule/manager.ts';
import type { Schedule } from '../schedule/unit-text.ts';
import { openStore, type Store } from '../store/index.ts';
import type { RunRecord } from '../store/record.ts';
import { inventoryPath, type Project } from './context.ts';
import { UsageError } from './errors.ts';
import { notifyEnd } from './notify-run.ts';

/** A failure that was recorded not longer ago is the one that systemd speaks of. */
const RECENT_MS = 10 * 60_000;

export async function runScheduleFailed(name: string, project: Project): Promise<ExitCode> {
  const [found] = findManagers().flatMap((manager) =>
    installedSchedules(manager)
      .filter((schedule) => schedule.name === name)
      .map((schedule) => ({ manager, schedule })),
  );
  if (found === undefined) {
    throw new UsageError(`there is no schedule ${name}`, {
      remedy: 'This is started by systemd, when a schedule fails.',
    });
  }
  const store = await openStore(project.dir);
  try {
    const told = lastFailure(store, name);
    if (told?.notes.some(({ kind }) => kind === 'notification') === true) return EXIT.ok;
    const record = told ?? (await unspoken(found.manager, found.schedule));
    const seq = told === undefined ? store.record(record) : undefined;
    const inventory = loadInventory(inventoryPath(project), { extraVars: {} });
    for (const note of await notifyEnd(notificationsOf(inventory), record)) store.note(seq ?? record.id, note);
    return EXIT.ok;
  } finally {
    store.close();
  }
}

/** The run that has just failed, if it came so far as to record that. */
function lastFailure(store: Store, name: string): RunRecord | undefined {
  const [last] = store.runs({ schedule: name, failed: true, limit: 1 });
  const isRecent =
    last?.endedAt !== undefined && last.endedAt !== null && Date.now() - Date.parse(last.endedAt) < RECENT_MS;
  return isRecent && last !== undefined ? store.run(last.id) : undefined;
}

async function unspoken(manager: Manager, schedule: Schedule): Promise<RunRecord> {
  const state = (await scheduleStates(manager, [schedule])).get(schedule.name);
  const why = `its service ended with ${state?.result ?? 'an unknown result'} (${state?.exit ?? '?'})`;
  return failedRecord(schedule, why, manager.scope === 'user' ? '--user ' : '');
}

/** A run that could not even say how it ended. */
function failedRecord({ name, words }: Schedule, why: string, scope: string): RunRecord {
  const at = new Date().toISOString();
  return {
    id: drawRunId(),
    command: words[0] ?? '',
    args: words,
    startedAt: at,
    endedAt: at,
    durationMs: null,
    owner: `${userInfo().username}@${hostname()}`,
    schedule: name,
    commit: { ref: null, dirty: null },
    version: packageJson.version,
    inventory: '',
    lab: null,
    check: false,
    outcome: 'unknown',
    exit: EXIT.unknown,
    error: {
      code: 'E_SCHEDULE',
      message: `the schedule ${name} failed without a word: ${why}`,
      detail: [],
      remedy: `See: journalctl ${scope}-u coreos-infra-${name}.service; then how the hosts stand: run status`,
    },
    availability: null,
    process: null,
    hosts: [],
    notes: [],
  };
}
