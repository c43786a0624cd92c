/** Requests that travel as a script on stdin: the verb's shell files and its arguments, quoted so that any value is only data. */
import { sudo } from '../ssh/sudo.ts';
import { HostRequestError } from './errors.ts';

/**
 * Runs what arrives on stdin as root, for `timeoutSec` at most. Not `bash -s`: bash reads a script from a pipe one byte per
 * system call, so that a host's own commands cannot swallow it; `$(cat)` takes it in one go.
 */
export function streamedCommand(timeoutSec: number): string {
  return sudo(['timeout', '-k', '5', String(timeoutSec), '/bin/bash', '-c', 'eval "$(cat)"']);
}

/** A bash array assignment: `NAME=('a' 'b')`. */
export function bashArray(name: string, values: readonly string[]): string {
  return `${name}=(${values.map(bashWord).join(' ')})`;
}

/** One bash word that stands for exactly `value`: inside '…' nothing is special but the quote itself. */
export function bashWord(value: string): string {
  return `'${requireNoNul(value).replaceAll("'", "'\\''")}'`;
}

/** @throws HostRequestError when `value` holds a NUL byte, which neither a path nor an argument can. */
export function requireNoNul(value: string): string {
  if (!value.includes('\0')) return value;
  throw new HostRequestError(`a value for the host has a NUL byte: ${JSON.stringify(value.slice(0, 60))}`, {
    remedy: 'Take the NUL byte out of the path, name or script in the role.',
  });
}

/** @throws HostRequestError for a path that is not absolute: find and tar would take it for an option or another place. */
export function requireAbsolute(path: string): string {
  if (
    path.startsWith('/') &&
    !/\/\.{1,2}(\/|$)/.test(path) &&
    !path.includes('//') &&
    (path === '/' || !path.endsWith('/'))
  )
    return requireNoNul(path);
  throw new HostRequestError(`not an absolute, normalised path: ${JSON.stringify(path.slice(0, 200))}`, {
    remedy: 'Give the full path on the host, without . or .. and without a slash at its end.',
  });
}
