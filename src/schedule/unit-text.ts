/** A schedule as the three units that it is: a timer, the service that it starts, and what runs when that fails. Pure. */
import { EXIT } from '../errors.ts';
import { environmentEntry, execWord, settingValue } from './unit-quote.ts';

export interface Schedule {
  /** `nightly` */
  readonly name: string;
  /** As `systemd-analyze calendar` takes it. */
  readonly calendar: string;
  /** The command line after `run`. */
  readonly words: readonly string[];
  /** Absolute; of the project. */
  readonly projectDir: string;
  /** As `RandomizedDelaySec=` takes it; `0` for none. */
  readonly delay: string;
  /** What was missed while this machine was off is made up for. */
  readonly persistent: boolean;
}

/** How this machine starts our command. */
export interface Launch {
  /** The program and what comes before the words, absolute paths: `[/srv/dns/run]`. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute; further variables, for secrets that an inventory takes from the environment. */
  readonly environmentFile?: string;
  /** Held while the schedule runs. */
  readonly lockFile: string;
}

export interface UnitFiles {
  readonly timer: string;
  readonly service: string;
  readonly failed: string;
}

export const UNIT_PREFIX = 'coreos-infra-';

export function unitNames(name: string): { readonly timer: string; readonly service: string; readonly failed: string } {
  return {
    timer: `${UNIT_PREFIX}${name}.timer`,
    service: `${UNIT_PREFIX}${name}.service`,
    failed: `${UNIT_PREFIX}${name}-failed.service`,
  };
}

/** What a login session or a desktop may have put into its user's service manager. */
export const UNSET: readonly string[] = [
  'SSH_AUTH_SOCK',
  'SSH_AGENT_PID',
  'SSH_ASKPASS',
  'SSH_CONNECTION',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'NODE_OPTIONS',
  'NODE_PATH',
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'GIT_DIR',
  'GIT_WORK_TREE',
];

/** flock(1) ends with this code when the schedule still runs: not a failure. */
const OVERLAP = 75;

export function unitTexts(schedule: Schedule, launch: Launch): UnitFiles {
  const { name, words } = schedule;
  const names = unitNames(name);
  const shown = settingValue(
    words
      .join(' ')
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, 120),
  );
  const command = (rest: readonly string[]): string => [...launch.command, ...rest].map(execWord).join(' ');
  const service = [
    HEADER,
    '[Unit]',
    `Description=coreos-infra schedule ${name}: ${shown}`,
    'Wants=network-online.target',
    'After=network-online.target time-sync.target',
    `OnFailure=${names.failed}`,
    '',
    '[Service]',
    'Type=oneshot',
    ...settings(schedule, launch),
    `ExecStart=/usr/bin/flock --nonblock --conflict-exit-code ${OVERLAP} ${execWord(launch.lockFile)} ${command(words)}`,
    `SuccessExitStatus=${[OVERLAP, ...tellsItself(words)].join(' ')}`,
    '# A run that is told to end brings its host to an end first.',
    'TimeoutStartSec=12h',
    'TimeoutStopSec=15min',
    'KillMode=mixed',
  ];
  const failed = [
    HEADER,
    '[Unit]',
    `Description=coreos-infra schedule ${name} failed: tell somebody`,
    '',
    '[Service]',
    'Type=oneshot',
    ...settings(schedule, launch),
    `ExecStart=${command(['schedule', 'failed', name])}`,
    'TimeoutStartSec=5min',
  ];
  return { timer: timerText(schedule), service: text(service), failed: text(failed) };
}

/** Metrics say themselves what does not serve or is unreachable: their writer has not failed. */
function tellsItself(words: readonly string[]): readonly number[] {
  return words[0] === 'status' && words.some((word) => word.startsWith('--prometheus'))
    ? [EXIT.failed, EXIT.unreachable]
    : [];
}

const HEADER = '# Written by coreos-infra (run schedule add). Changes made here are lost; systemctl edit is not.';

function timerText({ name, calendar, delay, persistent, projectDir, words }: Schedule): string {
  return text([
    HEADER,
    '[Unit]',
    `Description=coreos-infra schedule ${name}`,
    '',
    '[Timer]',
    `OnCalendar=${settingValue(calendar)}`,
    `RandomizedDelaySec=${settingValue(delay)}`,
    `Persistent=${persistent}`,
    'AccuracySec=1s',
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
    '[X-CoreosInfra]',
    `Schedule=${Buffer.from(JSON.stringify({ name, calendar, delay, persistent, projectDir, words })).toString('base64url')}`,
  ]);
}

function settings({ projectDir, name }: Schedule, { environment, environmentFile }: Launch): readonly string[] {
  const all = { ...environment, COREOS_INFRA_SCHEDULE: name };
  return [
    `WorkingDirectory=${settingValue(projectDir)}`,
    ...Object.entries(all).map(([key, value]) => `Environment=${environmentEntry(key, value)}`),
    ...(environmentFile === undefined ? [] : [`EnvironmentFile=${settingValue(environmentFile)}`]),
    `UnsetEnvironment=${UNSET.join(' ')}`,
    'UMask=0077',
  ];
}

/** undefined: not a timer of ours. */
export function readSchedule(timer: string): Schedule | undefined {
  const encoded = /^\[X-CoreosInfra\]\nSchedule=([\w-]+)$/m.exec(timer)?.[1];
  if (encoded === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    return isSchedule(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSchedule(value: unknown): value is Schedule {
  if (typeof value !== 'object' || value === null) return false;
  const { name, calendar, words, projectDir, delay, persistent } = value as Partial<Record<keyof Schedule, unknown>>;
  const texts = [name, calendar, projectDir, delay];
  return (
    texts.every((one) => typeof one === 'string') &&
    typeof persistent === 'boolean' &&
    Array.isArray(words) &&
    words.every((word) => typeof word === 'string')
  );
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
