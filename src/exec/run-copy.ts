/** `run copy`: one local file or folder to the same place on many hosts. The host checks it before it is moved into place. */
import { InfraError } from '../errors.ts';
import { errnoWords } from './errno-words.ts';
import { TransferError } from './errors.ts';
import type { HostOutcome, TransferDone } from './events.ts';
import { type Fleet, type HostResult, type HostWork, runFleet } from './fleet.ts';
import type { LocalParcel } from './parcel.ts';
import { putCommand } from './remote-command.ts';
import { execSigned } from './signed-exec.ts';

export interface CopyRequest {
  readonly parcel: LocalParcel;
  /** The operator's word for it. */
  readonly source: string;
  readonly dest: string;
  /** For each host; what is not complete by then is removed there. */
  readonly timeoutSec: number;
}

/** Never throws. */
export function runCopy(fleet: Fleet, request: CopyRequest): Promise<readonly HostOutcome[]> {
  const argv = [request.source, request.dest];
  return runFleet(fleet, { command: 'copy', argv, work: (work) => copyTo(work, request) });
}

async function copyTo({ fleet, host, connection, output }: HostWork, request: CopyRequest): Promise<HostResult> {
  const { parcel, dest, timeoutSec } = request;
  const { remote, signal } = fleet;
  let done: TransferDone | undefined;
  const input = parcel.open();
  try {
    const result = await execSigned(connection, host, {
      what: `copying ${parcel.name}`,
      command: putCommand(parcel, dest, { ...remote, timeoutSec }),
      nonce: remote.nonce,
      timeoutMs: (timeoutSec + 5) * 1000,
      input,
      onStdout: (bytes) => output.stdout.push(bytes),
      onStderr: (bytes) => output.stderr.push(bytes),
      onSign: ([action, path = '']) => {
        if (action !== 'written' && action !== 'same') return;
        done = { action, path, bytes: parcel.bytes, sha256: parcel.sha256 };
      },
      signal,
    });
    if (done === undefined || result.code !== 0) throw incomplete(host.name, result.code);
    return { status: 'ok', code: null, signal: null, error: null, done };
  } catch (error) {
    throw error instanceof InfraError ? error : localFault(host.name, error);
  } finally {
    input.destroy();
  }
}

function incomplete(host: string, code: number): TransferError {
  return new TransferError(
    code === 124 ? 'not done in time; nothing of it stays there' : `the host ended with exit code ${code}`,
    {
      host,
      remedy: 'Give it more time (--timeout SECONDS), or see what the host says.',
    },
  );
}

/** The file changed, or went away, while it was sent. */
function localFault(host: string, cause: unknown): TransferError {
  // tar-stream's words for a file that is not as long as it was when the folder was listed.
  const isChanged = cause instanceof Error && cause.message === 'Size mismatch';
  const words = isChanged ? 'it changed while it was read' : errnoWords(cause);
  return new TransferError(`reading it here failed half-way: ${words}`, {
    host,
    remedy: 'Nothing was changed on the host. Copy it when it is complete.',
    cause,
  });
}
