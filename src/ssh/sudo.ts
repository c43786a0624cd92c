/** Commands as root: `sudo -n`, which never asks, and the words in which sudo refuses. */
import { SudoRefusedError } from './errors.ts';
import { quote, quoteArgv } from './quote.ts';
import type { ExecResult } from './transport.ts';

/**
 * A command line that runs `what` as root: a program with its arguments, or a text for bash.
 *
 * `-n` fails instead of asking for a password; `LC_ALL=C` keeps sudo's words, and those of most programs, in one language
 * (sudoers' env_keep lets LC_* through by default, sudoers(5)).
 */
export function sudo(what: readonly string[] | string): string {
  return `LC_ALL=C sudo -n -- ${typeof what === 'string' ? `/bin/bash -c ${quote(what)}` : quoteArgv(what)}`;
}

/** A command line that runs, as root, the bash script that is sent on stdin. The script's arguments follow as $1, $2, … */
export function sudoStdin(args: readonly string[] = []): string {
  return sudo(['/bin/bash', '-s', '--', ...args]);
}

/** sudo's own refusals (sudo 1.9: src/conversation, plugins/sudoers/logging.c); sudo then ends with 1, the command never started. */
const REFUSALS: readonly RegExp[] = [
  /^sudo: a (password|terminal) is required/,
  /^sudo: no tty present and no askpass program specified/,
  /^sudo: (account validation failure|account has expired|.*effective uid is not 0)/i,
  /^\S+ is not in the sudoers file/,
  /^sorry, user \S+ (is not allowed to execute|may not run sudo)/i,
];

/** The shell's words when there is no sudo at all (exit code 127). */
const MISSING: readonly RegExp[] = [/\bsudo: (command )?not found/];

/** sudo's words when it was sudo, and not the command, that failed; else undefined. */
export function sudoRefusal(result: Pick<ExecResult, 'code' | 'stderr'>): string | undefined {
  const patterns = result.code === 1 ? REFUSALS : result.code === 127 ? MISSING : [];
  if (patterns.length === 0) return undefined;
  const lines = result.stderr.subarray(0, 4096).toString('utf8').split('\n');
  return lines.find((line) => patterns.some((pattern) => pattern.test(line)));
}

/**
 * Returns `result` unless sudo refused to run the command.
 * @throws SudoRefusedError with sudo's words and the sudoers line that is needed.
 */
export function assertSudo(result: ExecResult, who: { readonly host: string; readonly user: string }): ExecResult {
  const refusal = sudoRefusal(result);
  if (refusal === undefined) return result;
  throw new SudoRefusedError(`${who.user} may not use sudo without a password on ${who.host}`, {
    host: who.host,
    detail: [refusal],
    remedy:
      `Log in as a user who may (core on Fedora CoreOS can), or put this line into /etc/sudoers.d/coreos-infra on the host: ` +
      `${who.user} ALL=(ALL) NOPASSWD: ALL`,
  });
}
