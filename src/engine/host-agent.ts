/** Talks to the helper on a host: the codec of src/host over a connection, with deadlines and the words of failures. */
import { randomBytes } from 'node:crypto';
import { HostAnswerError } from '../host/errors.ts';
import {
  encodeFetch,
  encodeObserve,
  fetchCommand,
  observeCommand,
  parseFetch,
  parseObservation,
} from '../host/wire.ts';
import { assertSudo } from '../ssh/sudo.ts';
import type { Connection, ExecResult } from '../ssh/transport.ts';
import type { Observation, ObserveRequest } from './observation.ts';
import type { RunContext } from './run-context.ts';

/** What is shown of a file in a diff, at most. */
const SHOWN_BYTES_MAX = 1024 * 1024;

export async function observe(connection: Connection, request: ObserveRequest, ctx: RunContext): Promise<Observation> {
  const result = await connection.exec(observeCommand(), {
    what: 'observing',
    timeoutMs: ctx.deadlines.observeMs,
    stdin: encodeObserve(request),
    signal: ctx.signal,
  });
  requireSuccess(ctx, connection, result, 'observing');
  return parseObservation(result.stdout, request);
}

/** Present contents of regular files, for diffs. Files over 1 MiB are left out. */
export async function fetchFiles(
  connection: Connection,
  paths: readonly string[],
  ctx: RunContext,
): Promise<ReadonlyMap<string, Buffer>> {
  if (paths.length === 0) return new Map();
  const result = await connection.exec(fetchCommand(), {
    what: 'reading files for the diff',
    timeoutMs: ctx.deadlines.observeMs,
    stdin: encodeFetch(paths, SHOWN_BYTES_MAX),
    signal: ctx.signal,
  });
  requireSuccess(ctx, connection, result, 'reading files');
  return parseFetch(result.stdout);
}

/** Throws with sudo's or the helper's own words when the command failed. */
export function requireSuccess(ctx: RunContext, connection: Connection, result: ExecResult, what: string): void {
  if (result.code === 0) return;
  assertSudo(result, { host: connection.host, user: ctx.inventory.hosts.get(connection.host)?.ssh.user ?? 'the user' });
  const words = result.stderr.toString('utf8').trim().split('\n').slice(-5);
  throw new HostAnswerError(`${connection.host}: ${what} ended with exit code ${result.code}`, {
    host: connection.host,
    detail: words,
    remedy:
      'The host needs bash, coreutils and systemd, and a user with passwordless sudo, as Fedora CoreOS has. Try on the host: sudo -n true',
  });
}

/** Id of a change set: 12 hex digits. */
export function drawId(): string {
  return randomBytes(6).toString('hex');
}

export function drawHex(digits: number): string {
  return randomBytes(Math.ceil(digits / 2))
    .toString('hex')
    .slice(0, digits);
}
