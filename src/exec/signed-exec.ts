/** Runs one of our remote commands: reads its signs, and turns a refusal of the host into the error that says why. */
import { HostLockedError } from '../engine/errors.ts';
import { slotMessage } from '../engine/locked.ts';
import { HostAnswerError } from '../host/errors.ts';
import type { Host } from '../inventory/model.ts';
import { assertSudo } from '../ssh/sudo.ts';
import type { Connection, ExecOptions, ExecResult } from '../ssh/transport.ts';
import { LockUnknownError, TransferError } from './errors.ts';
import { type Sign, SignReader } from './signs.ts';

export interface SignedExec
  extends Pick<ExecOptions, 'what' | 'timeoutMs' | 'stdin' | 'input' | 'onStdout' | 'signal'> {
  readonly command: string;
  readonly nonce: string;
  /** The sign after which stderr is the command's own (`run`); default: none. */
  readonly until?: string;
  readonly onSign: (sign: Sign) => void;
  readonly onStderr: (bytes: Buffer) => unknown;
}

/** Of stderr before the first sign: where sudo, or a missing bash, says why there is none. */
const EARLY_BYTES_MAX = 4096;

/**
 * @throws HostLockedError, LockUnknownError, SudoRefusedError, TransferError, HostAnswerError: the host refused, nothing was
 * done; and what the connection throws.
 */
export async function execSigned(connection: Connection, host: Host, request: SignedExec): Promise<ExecResult> {
  const { command, nonce, until, onSign, onStderr, ...options } = request;
  const reader = new SignReader(nonce, until);
  const signs: Sign[] = [];
  let early = Buffer.alloc(0);
  const result = await connection.exec(command, {
    ...options,
    maxOutputBytes: Number.POSITIVE_INFINITY, // what is kept is bounded by the listeners
    onStderr: (chunk) => {
      const found = reader.push(chunk);
      if (signs.length === 0) early = Buffer.concat([early, found.rest]).subarray(0, EARLY_BYTES_MAX);
      for (const sign of found.signs) {
        signs.push(sign);
        onSign(sign);
      }
      return found.rest.length === 0 ? undefined : onStderr(found.rest);
    },
  });
  const held = reader.end();
  if (held.length > 0) await onStderr(held);
  const last = signs.at(-1);
  if (last === undefined) throw notStarted(host, result, Buffer.concat([early, held]));
  throwRefusal(host.name, last);
  return result;
}

function notStarted(host: Host, result: ExecResult, stderr: Buffer): Error {
  try {
    assertSudo({ ...result, stderr }, { host: host.name, user: host.ssh.user });
  } catch (error) {
    return error as Error;
  }
  return new HostAnswerError(`the command was not started (exit code ${result.code})`, {
    host: host.name,
    detail: stderr.toString('utf8').trim().split('\n').slice(-3),
    remedy: 'The host needs bash and coreutils, and a login shell that runs commands, as Fedora CoreOS has.',
  });
}

function throwRefusal(host: string, [kind, ...words]: Sign): void {
  const [first = ''] = words;
  switch (kind) {
    case 'slot':
      throw locked(host, words);
    case 'blind':
      throw new LockUnknownError('whether the host is in the middle of a change set cannot be seen: sudo refuses', {
        host,
        remedy: 'Log in as a user who may use sudo without a password, or run it in any case: --ignore-locks.',
      });
    case 'cut':
      throw new TransferError('the script arrived cut off, and was not run', { host, remedy: 'Run it again.' });
    case 'failed':
      throw new TransferError(first, {
        host,
        remedy: 'Nothing was changed. Name another place, or see the folder there.',
      });
    case 'mismatch':
      throw new TransferError(`the content that arrived is not what was sent (${first} bytes); it was removed`, {
        host,
        remedy: 'If the file changes while it is copied, copy it when it is complete; else run it again.',
      });
    default:
  }
}

/** The words of look_slot in begin.sh. */
function locked(
  host: string,
  [id = '', state = '', run = '', owner = '', seconds = '']: readonly string[],
): HostLockedError {
  const deadline = /^-?\d+$/.test(seconds) ? { deadlineInSec: Number(seconds) } : {};
  return new HostLockedError(slotMessage(host, { id, kind: 'config', state, run, owner, ...deadline }), {
    host,
    remedy: 'It was left out. Wait for the end of the change set, or run it in any case: --ignore-locks.',
  });
}
