/** `run schedule add`: checks the words, the time and the unattended login, in this order, and only then writes units. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, type ExitCode } from '../errors.ts';
import { listPlaybooks } from '../playbook/find.ts';
import { printable } from '../report/sanitize.ts';
import { scheduleAddedLines } from '../report/schedule-text.ts';
import { styleFor } from '../report/terminal-style.ts';
import { nextElapses } from '../schedule/calendar.ts';
import { clockDoubts } from '../schedule/clock-doubts.ts';
import { cronLine, cronTime } from '../schedule/cron.ts';
import { ScheduleError, UnattendedError } from '../schedule/errors.ts';
import { launchOf } from '../schedule/launch.ts';
import {
  findManager,
  findManagers,
  install,
  installedSchedules,
  lingerRemedy,
  type Manager,
  requireAnswer,
} from '../schedule/manager.ts';
import { runLocal } from '../schedule/program.ts';
import { runTrial, trialWords } from '../schedule/trial.ts';
import { type Launch, type Schedule, unitTexts } from '../schedule/unit-text.ts';
import { projectStateDir } from '../store/path.ts';
import { maskArgs, redactor } from '../store/redact.ts';
import { commandName, type Project } from './context.ts';
import { UsageError } from './errors.ts';
import type { AddFlags } from './schedule.ts';
import { unknownName } from './unknown-name.ts';

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
/** What makes sense without anybody who looks. */
const COMMANDS = ['copy', 'exec', 'fetch', 'history', 'inventory', 'status'];
/** They ask on a terminal, and refuse without one: who schedules them has said yes. */
const ASKS = new Set(['upgrade', 'reboot', 'rollback']);

export async function runScheduleAdd(
  name: string,
  given: readonly string[],
  flags: AddFlags,
  project: Project,
): Promise<ExitCode> {
  const words = checkedWords(name, given, project);
  const manager = findManager({ user: flags.user === true });
  const schedule: Schedule = {
    name,
    calendar: flags.onCalendar,
    words,
    projectDir: project.dir,
    delay: flags.randomizedDelay,
    persistent: flags.persistent,
  };
  const launch = launchOf({
    lockFile: lockFileOf(name, project),
    env: process.env,
    ...(flags.environmentFile === undefined ? {} : { environmentFile: privateFile(flags.environmentFile) }),
  });
  if (manager === undefined) return offerCron(schedule, launch);
  const next = await nextElapses(schedule.calendar);
  const doubts = await clockDoubts(schedule.calendar);
  await checkDelay(schedule.delay);
  refuseTaken(manager, schedule, flags);
  await requireAnswer(manager);
  await requireUnattended(manager, schedule, launch);
  mkdirSync(join(launch.lockFile, '..'), { recursive: true, mode: 0o700 });
  await install(manager, name, unitTexts(schedule, launch));
  const linger = await lingerRemedy(manager);
  const added = { schedule, next, linger, doubts };
  print(scheduleAddedLines(added, { style: styleFor(process.stdout, process.env), commandLine }));
  return EXIT.ok;
}

/** Throws UsageError for a name or words that cannot be scheduled. */
function checkedWords(name: string, words: readonly string[], project: Project): readonly string[] {
  if (!NAME.test(name) || name.endsWith('-failed')) {
    throw new UsageError(`${JSON.stringify(name)} cannot be the name of a schedule`, {
      remedy: 'Take small letters, digits and dashes, 40 at most: nightly, os-upgrade. It may not end in -failed.',
    });
  }
  const [command = ''] = words;
  const playbooks = listPlaybooks(project.dir);
  if (!COMMANDS.includes(command) && !playbooks.some((playbook) => playbook.name === command)) {
    throw unknownName(command, { commands: COMMANDS, playbooks, projectDir: project.dir });
  }
  const masked = maskArgs(
    words,
    redactor((text) => text),
  );
  if (masked.some((word, index) => word !== words[index])) {
    throw new UsageError('a secret may not stand in a schedule: units are read by everybody on this machine', {
      remedy: 'Keep it in the inventory as a secret, or in a file for --environment-file.',
    });
  }
  return ASKS.has(command) && !words.includes('--yes') ? [...words, '--yes'] : words;
}

function lockFileOf(name: string, project: Project): string {
  return join(projectStateDir(project.dir), 'schedules', `${name}.lock`);
}

function privateFile(given: string): string {
  const path = resolve(given);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) {
    throw new UsageError(`--environment-file ${given}: there is no such file`, {
      remedy: 'Write NAME=value lines to it.',
    });
  }
  if ((found.mode & 0o077) === 0) return path;
  throw new UsageError(`--environment-file ${given} may be read by others`, { remedy: `chmod 600 ${given}` });
}

async function checkDelay(delay: string): Promise<void> {
  const { code, stderr } = await runLocal('systemd-analyze', ['timespan', '--', delay]);
  if (code === 0) return;
  throw new UsageError(`--randomized-delay ${delay}: ${stderr.trim().split('\n')[0] ?? 'this is no time span'}`, {
    remedy: "For instance '5min', '1h 30min', or 0 for none.",
  });
}

/** In the system's manager or in the user's: the name stands for both, in the history and for its lock. */
function refuseTaken(manager: Manager, { name, projectDir }: Schedule, flags: AddFlags): void {
  for (const one of findManagers()) {
    const taken = installedSchedules(one).find((schedule) => schedule.name === name);
    if (taken === undefined) continue;
    const isHere = one.scope === manager.scope;
    const isOwn = taken.projectDir === projectDir;
    if (flags.replace === true && isOwn && isHere) continue;
    const whose = `${isHere ? '' : ` It is a timer of the ${one.scope}.`}${isOwn ? '' : ` It belongs to ${taken.projectDir}.`}`;
    throw new ScheduleError(`there is a schedule ${name} already.${whose}`, {
      remedy: isOwn && isHere ? 'Take another name, or say --replace.' : 'Take another name.',
    });
  }
}

/** Tries it as the timer will start it; what it says is shown when it does not work. */
async function requireUnattended(manager: Manager, { words, projectDir }: Schedule, launch: Launch): Promise<void> {
  process.stderr.write('trying it without you …\n');
  const tried = trialWords(words);
  const { code, stdout, stderr } = await runTrial(manager, tried, launch, projectDir);
  // 5: somebody else is at work on a host. A service that fails now is what `status` is there to tell.
  if (code === EXIT.ok || code === EXIT.locked || (code === EXIT.failed && words[0] === 'status')) return;
  const hasAgent = process.env['SSH_AUTH_SOCK'] !== undefined;
  const hint =
    code !== EXIT.unreachable
      ? 'See above what is wrong, and add it again.'
      : `${hasAgent ? 'Your ssh agent is not there when the schedule runs: give' : 'Give'} the hosts a key file without a passphrase that only schedules use (ansible_ssh_private_key_file).`;
  throw new UnattendedError(`run ${tried.join(' ')} does not work without you: exit ${code ?? 'by a signal'}`, {
    remedy: `Nothing was scheduled. ${hint}`,
    detail: trialDetail(stdout, stderr),
  });
}

const DETAIL_MAX = 12;

/** The errors of the hosts, where it answered as JSON; else what it said. */
function trialDetail(stdout: string, stderr: string): readonly string[] {
  const messages = stdout.split('\n').flatMap((line) => {
    try {
      const event = JSON.parse(line) as {
        readonly event?: string;
        readonly host?: string;
        readonly error?: { readonly message?: string } | null;
      };
      return event.event === 'host-done' && event.error ? [`${event.host}: ${event.error.message}`] : [];
    } catch {
      return [];
    }
  });
  const lines = messages.length > 0 ? messages : `${stderr}`.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(0, DETAIL_MAX).map(printable);
}

function offerCron(schedule: Schedule, launch: Launch): ExitCode {
  const { time, zone } = cronTime(schedule.calendar);
  const flock = existsSync('/usr/bin/flock') ? ['flock', '-n', launch.lockFile] : [];
  const line = cronLine(time ?? '<minute hour day month weekday>', schedule.projectDir, [
    ...flock,
    ...launch.command,
    ...schedule.words,
  ]);
  mkdirSync(join(launch.lockFile, '..'), { recursive: true, mode: 0o700 });
  process.stderr.write(
    'systemd does not run on this machine: nothing was scheduled. For crontab -e, as crontab(5) says it:\n',
  );
  print([
    `PATH=${launch.environment['PATH'] ?? ''}`,
    `COREOS_INFRA_SCHEDULE=${schedule.name}`,
    ...(zone === undefined ? [] : [`CRON_TZ=${zone}`]),
    line,
  ]);
  if (time === undefined) {
    process.stderr.write(
      `${JSON.stringify(schedule.calendar)} is nothing that crontab can say: put its five fields in.\n`,
    );
  }
  if (zone !== undefined) {
    process.stderr.write(
      'cronie knows CRON_TZ; other crons go by the zone of this machine, and would take another hour.\n',
    );
  }
  process.stderr.write(
    'cron makes up for nothing that it missed, and tells nobody but by mail. Try the line by hand first: cron has no ssh agent.\n',
  );
  return EXIT.usage;
}

function commandLine(words: string): string {
  return `${commandName()} ${words}`;
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
