/** `run schedule list`, `show`, `remove` and `run-now`. */
import { EXIT, type ExitCode, InfraError } from '../errors.ts';
import { jsonLine } from '../report/ndjson.ts';
import { type ListedSchedule, lingerLines, scheduleListLines, scheduleShowLines } from '../report/schedule-text.ts';
import { styleFor } from '../report/terminal-style.ts';
import { nextElapses } from '../schedule/calendar.ts';
import { CalendarError, ScheduleError } from '../schedule/errors.ts';
import {
  findManagers,
  installedSchedules,
  lingerRemedy,
  type Manager,
  remove,
  scheduleStates,
  systemctl,
} from '../schedule/manager.ts';
import { type Schedule, unitNames } from '../schedule/unit-text.ts';
import { openStore } from '../store/index.ts';
import type { RunLine } from '../store/record.ts';
import { commandName, type Project } from './context.ts';
import type { ListFlags } from './schedule.ts';

export async function runScheduleList(flags: ListFlags, project: Project): Promise<ExitCode> {
  const schedules: Listed[] = [];
  for (const manager of requireManagers()) schedules.push(...(await listSchedules(manager, project)));
  schedules.sort((a, b) => a.schedule.name.localeCompare(b.schedule.name));
  if (flags.json === true) {
    process.stdout.write(jsonLine({ schedules: schedules.map(({ manager: _, ...listed }) => listed) }));
  } else {
    print([...scheduleListLines(schedules, options()), ...lingerLines(await lingerOf(schedules), options())]);
  }
  return EXIT.ok;
}

export async function runScheduleCommand(
  command: 'show' | 'remove' | 'run-now',
  name: string,
  project: Project,
): Promise<ExitCode> {
  const listed = await findSchedule(name, project);
  const { manager } = listed;
  switch (command) {
    case 'show':
      print([
        ...scheduleShowLines(
          listed,
          await upcoming(listed.schedule.calendar),
          await lastRuns(name, project),
          options(),
        ),
        ...lingerLines(await lingerOf([listed]), options()),
      ]);
      return EXIT.ok;
    case 'remove':
      await remove(manager, name);
      print([`${name} is no longer scheduled. What it did stays in the history.`]);
      return EXIT.ok;
    case 'run-now':
      return runNow(listed);
  }
}

/** Throws ScheduleError when this project has none of that name. */
async function findSchedule(name: string, project: Project): Promise<Listed> {
  const managers = requireManagers();
  for (const manager of managers) {
    const [listed] = await listSchedules(manager, project, name);
    if (listed !== undefined) return listed;
  }
  const other = managers.flatMap(installedSchedules).find((one) => one.name === name);
  throw new ScheduleError(`there is no schedule ${name} of this project`, {
    remedy:
      other === undefined
        ? `See which there are: ${commandName()} schedule list`
        : `It belongs to ${other.projectDir}.`,
  });
}

/** Of a user's schedules, when they would not run without that user. */
async function lingerOf(schedules: readonly Listed[]): Promise<string | undefined> {
  const users = schedules.find(({ scope }) => scope === 'user');
  return users === undefined ? undefined : lingerRemedy(users.manager);
}

/** None when its only time is past. */
async function upcoming(calendar: string): Promise<readonly string[]> {
  try {
    return await nextElapses(calendar);
  } catch (error) {
    if (error instanceof CalendarError) return [];
    throw error;
  }
}

/** Not waited for: an upgrade takes its time, and goes on when this terminal closes. */
async function runNow({ manager, schedule, state }: Listed): Promise<ExitCode> {
  const { service } = unitNames(schedule.name);
  if (state.isRunning) {
    print([
      `${schedule.name} runs already. See: journalctl ${manager.scope === 'user' ? '--user ' : ''}-fu ${service}`,
    ]);
    return EXIT.locked;
  }
  const { code, stderr } = await systemctl(manager, 'start', '--no-block', service);
  if (code !== 0) {
    throw new ScheduleError(`${schedule.name} could not be started: ${stderr.trim().split('\n')[0] ?? ''}`, {
      remedy: `See: systemctl status ${service}`,
    });
  }
  print([
    `${schedule.name} is started: run ${schedule.words.join(' ')}`,
    `See: journalctl ${manager.scope === 'user' ? '--user ' : ''}-fu ${service}, and then: ${commandName()} history`,
  ]);
  return EXIT.ok;
}

interface Listed extends ListedSchedule {
  readonly manager: Manager;
}

async function listSchedules(manager: Manager, project: Project, name?: string): Promise<readonly Listed[]> {
  const own = installedSchedules(manager).filter(
    (one: Schedule) => one.projectDir === project.dir && (name === undefined || one.name === name),
  );
  const states = await scheduleStates(manager, own);
  return own.flatMap((schedule) => {
    const state = states.get(schedule.name);
    return state === undefined ? [] : [{ schedule, state, scope: manager.scope, manager }];
  });
}

/** None where the history cannot be read: `run history` says why. */
async function lastRuns(name: string, project: Project): Promise<readonly RunLine[]> {
  try {
    const store = await openStore(project.dir);
    try {
      return store.runs({ schedule: name, limit: 5 });
    } finally {
      store.close();
    }
  } catch (error) {
    if (error instanceof InfraError) return [];
    throw error;
  }
}

function requireManagers(): readonly Manager[] {
  const managers = findManagers();
  if (managers.length > 0) return managers;
  throw new ScheduleError('systemd does not run on this machine: there are no schedules here', {
    remedy: `${commandName()} schedule add prints a line for crontab(5) instead.`,
  });
}

function options(): { readonly style: ReturnType<typeof styleFor>; readonly commandLine: (words: string) => string } {
  return { style: styleFor(process.stdout, process.env), commandLine: (words) => `${commandName()} ${words}` };
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
