/** Hands this terminal to the system's ssh. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Host } from '../inventory/model.ts';
import { opensshArgs } from '../ssh/openssh-args.ts';
import { quoteArgv } from '../ssh/quote.ts';
import { LocalFileError } from './errors.ts';

export interface LogInOptions {
  /** A terminal on the host also for a command. Without a command there is one in any case. */
  readonly tty: boolean;
}

/** ssh's arguments: options, the host, and the command as one word, which ssh hands to the shell there as it is. Pure. */
export function sshArguments(host: Host, words: readonly string[], { tty }: LogInOptions): readonly string[] {
  const [line = ''] = words;
  const command = words.length === 0 ? [] : [words.length === 1 ? line : quoteArgv(words)];
  return [...(tty ? ['-t'] : []), ...opensshArgs(host.ssh, host.name), ...command];
}

/** Resolves with ssh's exit code: the command's own, or 255 when ssh itself failed; 128 + n when a signal ended it. */
export function logIn(host: Host, words: readonly string[], options: LogInOptions): Promise<number> {
  const child = spawn('ssh', sshArguments(host, words, options), { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both: it is for the session. What is sent to us alone goes on to ssh.
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore).on('SIGTERM', pass).on('SIGHUP', pass);
  return new Promise<number>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new LocalFileError('ssh could not be started', { remedy: 'Install the OpenSSH client.', cause })),
    );
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  }).finally(() => void process.off('SIGINT', ignore).off('SIGTERM', pass).off('SIGHUP', pass));
}
