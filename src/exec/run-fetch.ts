/** `run fetch`: the same file or folder of many hosts, each into a folder of its own on this machine. */
import { join, posix } from 'node:path';
import { InfraError } from '../errors.ts';
import { LocalFileError, TransferError } from './errors.ts';
import type { HostOutcome, TransferDone } from './events.ts';
import { type Fleet, type HostResult, type HostWork, runFleet } from './fleet.ts';
import { Receiver } from './receive.ts';
import { getCommand } from './remote-command.ts';
import { execSigned } from './signed-exec.ts';

export interface FetchRequest {
  readonly source: string;
  /** Gets a folder for each host. */
  readonly dir: string;
  /** For each host. */
  readonly timeoutSec: number;
}

/** @throws LocalFileError for a source without a name; else never. */
export function runFetch(fleet: Fleet, request: FetchRequest): Promise<readonly HostOutcome[]> {
  const name = posix.basename(request.source);
  if (name === '' || name === '.' || name === '..') {
    throw new LocalFileError(`"${request.source}" has no name of its own`, {
      remedy: 'Name one file or folder, as /etc/chrony.conf.',
    });
  }
  const argv = [request.source, request.dir];
  return runFleet(fleet, { command: 'fetch', argv, work: (work) => fetchFrom(work, request, name) });
}

async function fetchFrom(work: HostWork, request: FetchRequest, name: string): Promise<HostResult> {
  const { host } = work;
  if (/[/\0]|^\.{1,2}$/.test(host.name)) {
    throw new LocalFileError(`no folder can be named after the host "${host.name}"`, {
      host: host.name,
      remedy: 'Rename it in the inventory.',
    });
  }
  const receiver = await Receiver.create(join(request.dir, host.name), name);
  try {
    return { status: 'ok', code: null, signal: null, error: null, done: await receive(work, request, receiver) };
  } catch (error) {
    throw error instanceof InfraError ? error : localFault(host.name, receiver.path, error);
  } finally {
    await receiver.dispose();
  }
}

async function receive(
  { fleet, host, connection, output }: HostWork,
  request: FetchRequest,
  receiver: Receiver,
): Promise<TransferDone> {
  const { remote, signal } = fleet;
  const { source, timeoutSec } = request;
  const said = new Map<string, string>();
  const result = await execSigned(connection, host, {
    what: `fetching ${source}`,
    command: getCommand(source, { ...remote, timeoutSec }),
    nonce: remote.nonce,
    timeoutMs: (timeoutSec + 5) * 1000,
    onStdout: (bytes) => receiver.write(bytes),
    onStderr: (bytes) => output.stderr.push(bytes),
    onSign: ([kind = '', value = '']) => said.set(kind, value),
    signal,
  });
  const sha256 = said.get('sum');
  const kind = said.has('tree') ? 'tree' : 'file';
  const mode = Number.parseInt(said.get(kind) ?? '', 8) & 0o777;
  if (result.code !== 0 || sha256 === undefined || Number.isNaN(mode)) {
    const words = result.code === 124 ? 'not done in time' : `the host ended with exit code ${result.code}`;
    throw new TransferError(words, {
      host: host.name,
      remedy: 'Give it more time (--timeout SECONDS), or see what the host says.',
    });
  }
  const skipped = await receiver.finish({ kind, mode, sha256 });
  const { path, bytes } = receiver;
  return { action: 'written', path, bytes, sha256, ...(skipped.length === 0 ? {} : { skipped }) };
}

function localFault(host: string, path: string, cause: unknown): TransferError {
  return new TransferError(`${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, {
    host,
    remedy: 'Nothing of it stays here. See whether the disk is full.',
    cause,
  });
}
