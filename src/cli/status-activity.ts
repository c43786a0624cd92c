/** What ran last and what runs next, as far as this machine knows: its history and its timers. Nothing that is missing is an error. */
import { existsSync } from 'node:fs';
import { InfraError } from '../errors.ts';
import type { Activity } from '../report/status-activity.ts';
import { historyFile } from '../store/path.ts';
import { labNameOption, type Project } from './context.ts';
import { type InventoryFlags, isLab } from './target-inventory.ts';

export async function readActivity(flags: InventoryFlags, project: Project): Promise<Activity> {
  const [last, next] = await Promise.all([lastRun(flags, project), nextRun(flags, project)]);
  return { ...(last === undefined ? {} : { last }), ...(next === undefined ? {} : { next }) };
}

/** What people do a hundred times a day, and what changes nothing of ours. */
const LOOKS = new Set(['exec', 'fetch']);

/** That changed or should have changed something, and was no rehearsal; in a lab: its own. */
async function lastRun(flags: InventoryFlags, project: Project): Promise<Activity['last']> {
  if (!existsSync(historyFile(project.dir))) return undefined;
  const lab = isLab(flags)
    ? (labNameOption(flags.labName) ?? (await import('../lab/paths.ts')).defaultLabName(project.dir))
    : null;
  try {
    const { openStore } = await import('../store/index.ts');
    const store = await openStore(project.dir, { busyMs: 500 });
    try {
      return store.runs({ lab, limit: 50 }).find(({ check, command }) => !check && !LOOKS.has(command));
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return undefined; // run history says what is wrong with it
  }
}

/** The soonest; a lab has none. */
async function nextRun(flags: InventoryFlags, project: Project): Promise<Activity['next']> {
  if (isLab(flags) || !existsSync('/run/systemd/system')) return undefined;
  const { findManagers, installedSchedules, scheduleStates } = await import('../schedule/manager.ts');
  const due: NonNullable<Activity['next']>[] = [];
  for (const manager of findManagers()) {
    const own = installedSchedules(manager).filter(({ projectDir }) => projectDir === project.dir);
    if (own.length === 0) continue;
    const states = await scheduleStates(manager, own);
    for (const { name, words } of own) {
      const at = states.get(name)?.next ?? null;
      if (at !== null) due.push({ name, command: words[0] ?? name, at });
    }
  }
  return due.sort((a, b) => a.at.localeCompare(b.at))[0];
}
