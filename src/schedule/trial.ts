/** What is tried when a schedule is added, in the very environment that it will have: the same hosts, logged in to by nobody's hand. */
import type { Manager } from './manager.ts';
import { type ProgramEnd, runLocal } from './program.ts';
import { type Launch, UNSET } from './unit-text.ts';

/** Commands that only take hosts, and are tried with `true` in place of theirs. */
const ON_HOSTS = new Set(['exec', 'copy', 'fetch']);
/** Look only: tried as they are. */
const HARMLESS = new Set(['status', 'inventory', 'generations', 'history']);

/** They keep maintenance windows. */
const BOOTS = new Set(['upgrade', 'reboot', 'rollback']);

/** The words to try: a playbook plans and touches nothing. Pure. */
export function trialWords(words: readonly string[]): readonly string[] {
  const [command = ''] = words;
  if (HARMLESS.has(command)) return words;
  if (ON_HOSTS.has(command)) return ['exec', ...hostOptions(words.slice(1)), '--', 'true'];
  // It is not the hour for it now.
  const anyTime = BOOTS.has(command) && !words.includes('--ignore-windows') ? ['--ignore-windows'] : [];
  return [...words.filter((word) => word !== '--yes'), ...anyTime, '--check', '--json'];
}

const TAKES_VALUE = new Set([
  '-i',
  '--inventory',
  '-l',
  '--limit',
  '-e',
  '--extra-vars',
  '-f',
  '--forks',
  '--lab-name',
]);
const FLAGS = new Set(['--sudo', '--lab', '--ignore-locks']);

/** Which hosts, and as whom. */
function hostOptions(words: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let index = 0; index < words.length && words[index] !== '--'; index++) {
    const word = words[index] ?? '';
    if (FLAGS.has(word) || /^(?:--(?:inventory|limit|extra-vars|forks|lab-name)=|-[ilef].)/.test(word)) kept.push(word);
    else if (TAKES_VALUE.has(word)) kept.push(word, words[++index] ?? '');
  }
  return kept;
}

/** Bounded: somebody waits for the answer. */
const TRIAL_SEC = 120;

/** As a transient service: what the timer will start differs from it in nothing but its name. */
export function runTrial(
  { scope }: Manager,
  words: readonly string[],
  launch: Launch,
  projectDir: string,
): Promise<ProgramEnd> {
  const { command, environment, environmentFile } = launch;
  return runLocal(
    'systemd-run',
    [
      ...(scope === 'user' ? ['--user'] : []),
      '--quiet',
      '--wait',
      '--pipe',
      '--collect',
      `--working-directory=${projectDir}`,
      ...Object.entries(environment).map(([name, value]) => `--setenv=${name}=${value}`),
      ...(environmentFile === undefined ? [] : [`--property=EnvironmentFile=${environmentFile}`]),
      `--property=UnsetEnvironment=${UNSET.join(' ')}`,
      '--property=UMask=0077',
      `--property=RuntimeMaxSec=${TRIAL_SEC}`,
      '--setenv=COREOS_INFRA_NO_HISTORY=1',
      '--',
      ...command,
      ...words,
    ],
    { timeoutMs: (TRIAL_SEC + 30) * 1000 },
  );
}
