/** The service manager that schedules live in: the system's for root, else the user's own. Writes, enables and removes our units. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ScheduleError } from './errors.ts';
import { type ProgramEnd, runLocal } from './program.ts';
import { readSchedule, type Schedule, UNIT_PREFIX, type UnitFiles, unitNames } from './unit-text.ts';

export interface Manager {
  /** `system` for root, unless told otherwise. */
  readonly scope: 'system' | 'user';
  /** Absolute folder of the units. */
  readonly dir: string;
}

/** Where schedules are added; undefined: systemd does not run here. `user`: the user's own manager, also for root. */
export function findManager(options: { readonly user?: boolean } = {}): Manager | undefined {
  if (!existsSync('/run/systemd/system')) return undefined;
  return isRoot() && options.user !== true ? SYSTEM : userManager();
}

/** Wherever this user may have schedules; none where systemd does not run. */
export function findManagers(): readonly Manager[] {
  const manager = findManager();
  if (manager === undefined) return [];
  return manager.scope === 'user' ? [manager] : [manager, userManager()];
}

const SYSTEM: Manager = { scope: 'system', dir: '/etc/systemd/system' };

function userManager(): Manager {
  // biome-ignore lint/style/noProcessEnv: where this user's units lie
  const config = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return { scope: 'user', dir: join(config, 'systemd/user') };
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Throws ScheduleError where nothing could be started: a user who is not logged in has no manager. */
export async function requireAnswer(manager: Manager): Promise<void> {
  const { code, stderr } = await systemctl(manager, 'show', '--property=Version');
  if (code === 0) return;
  const user = userInfo().username;
  throw new ScheduleError(
    `systemd ${manager.scope === 'user' ? `of user ${user} ` : ''}does not answer: ${stderr.trim().split('\n')[0] ?? ''}`,
    {
      remedy:
        manager.scope === 'user'
          ? `Nothing was scheduled. This starts it, also when ${user} is not logged in: sudo loginctl enable-linger ${user}`
          : 'Nothing was scheduled. See: systemctl status',
    },
  );
}

/** Timers of a user who is not logged in fire only when the user lingers. Returns what to do; undefined: nothing. */
export async function lingerRemedy({ scope }: Manager): Promise<string | undefined> {
  if (scope === 'system') return undefined;
  const user = userInfo().username;
  const { code, stdout } = await runLocal('loginctl', ['show-user', user, '--property=Linger', '--value']);
  return code === 0 && stdout.trim() === 'yes' ? undefined : `sudo loginctl enable-linger ${user}`;
}

export function systemctl({ scope }: Manager, ...args: readonly string[]): Promise<ProgramEnd> {
  return runLocal('systemctl', [...(scope === 'user' ? ['--user'] : []), '--no-ask-password', ...args], {
    timeoutMs: 60_000,
  });
}

/** Puts the units in place and starts the timer; on failure nothing is left behind. Throws ScheduleError. */
export async function install(manager: Manager, name: string, texts: UnitFiles): Promise<void> {
  const names = unitNames(name);
  try {
    mkdirSync(manager.dir, { recursive: true });
    for (const kind of ['service', 'failed', 'timer'] as const) {
      const path = join(manager.dir, names[kind]);
      writeFileSync(`${path}.tmp`, texts[kind], { mode: 0o644 });
      renameSync(`${path}.tmp`, path);
    }
    await must(manager, 'daemon-reload');
    await must(manager, 'enable', '--now', names.timer);
  } catch (error) {
    await remove(manager, name).catch(() => {});
    if (error instanceof ScheduleError) throw error;
    throw new ScheduleError(
      `the units of ${name} cannot be written: ${error instanceof Error ? error.message : error}`,
      {
        remedy: `See that ${manager.dir} may be written.`,
        cause: error,
      },
    );
  }
}

/** What runs is ended by systemd; units that are gone already are no error. */
export async function remove(manager: Manager, name: string): Promise<void> {
  const names = unitNames(name);
  await systemctl(manager, 'disable', '--now', names.timer);
  for (const unit of Object.values(names)) rmSync(join(manager.dir, unit), { force: true });
  await must(manager, 'daemon-reload');
  await systemctl(manager, 'reset-failed', names.service, names.failed);
}

async function must(manager: Manager, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await systemctl(manager, ...args);
  if (code === 0) return;
  throw new ScheduleError(`systemctl ${args.join(' ')} failed: ${stderr.trim().split('\n')[0] ?? ''}`, {
    remedy:
      manager.scope === 'user'
        ? 'Is there a session of this user? See: systemctl --user status'
        : 'See: systemctl status',
    detail: stderr.trim().split('\n').slice(1, 6),
  });
}

/** All schedules in this manager, of this project and of others, by name. */
export function installedSchedules({ dir }: Manager): readonly Schedule[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((file) => file.startsWith(UNIT_PREFIX) && file.endsWith('.timer'))
    .sort()
    .flatMap((file) => {
      const schedule = readSchedule(readFileSync(join(dir, file), 'utf8'));
      return schedule === undefined ? [] : [schedule];
    });
}

export interface ScheduleState {
  /** ISO 8601; null: never. */
  readonly next: string | null;
  readonly last: string | null;
  /** Of the service: `success`, `exit-code`, `timeout`; null while it has never run since this machine started. */
  readonly result: string | null;
  readonly exit: number | null;
  readonly isRunning: boolean;
  /** The timer is armed. */
  readonly isActive: boolean;
}

/** Asks once for all. */
export async function scheduleStates(
  manager: Manager,
  all: readonly Schedule[],
): Promise<ReadonlyMap<string, ScheduleState>> {
  if (all.length === 0) return new Map();
  const units = all.flatMap(({ name }) => [unitNames(name).timer, unitNames(name).service]);
  const properties =
    'Id,ActiveState,NextElapseUSecRealtime,LastTriggerUSec,Result,ExecMainStatus,ExecMainExitTimestamp';
  const { stdout } = await systemctl(manager, 'show', '--timestamp=unix', `--property=${properties}`, ...units);
  const blocks = stdout.trim().split('\n\n').map(propertiesOf);
  const of = (unit: string): Readonly<Record<string, string>> => blocks.find((block) => block['Id'] === unit) ?? {};
  return new Map(all.map(({ name }) => [name, stateOf(of(unitNames(name).timer), of(unitNames(name).service))]));
}

function stateOf(timer: Readonly<Record<string, string>>, service: Readonly<Record<string, string>>): ScheduleState {
  const hasRun = (service['ExecMainExitTimestamp'] ?? '') !== '' && service['ExecMainExitTimestamp'] !== 'n/a';
  return {
    next: momentOf(timer['NextElapseUSecRealtime']),
    last: momentOf(timer['LastTriggerUSec']),
    result: hasRun ? (service['Result'] ?? null) : null,
    exit: hasRun ? Number(service['ExecMainStatus'] ?? 0) : null,
    isRunning: service['ActiveState'] === 'activating',
    isActive: timer['ActiveState'] === 'active',
  };
}

function propertiesOf(block: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    block.split('\n').map((line): [string, string] => {
      const cut = line.indexOf('=');
      return [line.slice(0, cut), line.slice(cut + 1)];
    }),
  );
}

/** `@1763780400`, or the words of a systemd that does not know --timestamp=unix. */
function momentOf(text: string | undefined): string | null {
  if (text === undefined || text === '' || text === 'n/a') return null;
  const seconds = /^@(\d+)/.exec(text)?.[1];
  const at = seconds === undefined ? new Date(text.replace(/^\w{3} /, '')) : new Date(Number(seconds) * 1000);
  return Number.isNaN(at.getTime()) || at.getTime() === 0 ? null : at.toISOString();
}
