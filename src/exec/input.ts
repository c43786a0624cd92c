/** What goes to the commands' stdin: a script, then the operator's own stdin, the same for every host. */
import { fstatSync, read } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { errnoWords } from './errno-words.ts';
import { LocalFileError } from './errors.ts';

/** A pipe is read once and sent to every host, so it is kept; more than this is a file's job. */
const PIPED_BYTES_MAX = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** @throws LocalFileError for a file that cannot be read, or is no script. */
export async function readScript(path: string): Promise<Uint8Array> {
  const remedy = '--script takes a text file on this machine that bash, or the program in its #! line, can run.';
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new LocalFileError(`the script cannot be read: ${errnoWords(cause)}`, {
      where: { file: path },
      remedy,
      cause,
    });
  });
  if (bytes.length === 0) throw new LocalFileError('the script is empty', { where: { file: path }, remedy });
  if (bytes.includes(0))
    throw new LocalFileError('this is no script: it has a NUL byte', { where: { file: path }, remedy });
  return bytes;
}

export interface InputParts {
  readonly script: Uint8Array | undefined;
  /** Undefined: the commands find their stdin closed. */
  readonly stdin: (AsyncIterable<Buffer> & { readonly fd: number }) | undefined;
}

/**
 * Makes the input of one host, for each host anew: bytes, or a stream. A redirected file is read by every host at its own
 * pace, so its size does not matter; anything else is read to its end first.
 * @throws LocalFileError for a pipe with more than 64 MiB
 */
export async function openInput({ script, stdin }: InputParts): Promise<() => Uint8Array | Readable | undefined> {
  if (stdin === undefined) return () => script;
  const head = script ?? new Uint8Array();
  const stat = fstatSync(stdin.fd);
  if (stat.isFile()) return () => Readable.from(concat(head, fileChunks(stdin.fd)), { objectMode: false });
  const piped = await readAll(stdin);
  return () => Buffer.concat([head, piped]);
}

async function* concat(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  yield* rest;
}

/** By position: hosts share the descriptor, and none moves it for another. */
async function* fileChunks(fd: number): AsyncGenerator<Uint8Array> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await readAt(fd, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function readAt(fd: number, position: number): Promise<{ readonly bytesRead: number; readonly buffer: Buffer }> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, CHUNK_BYTES, position, (error, bytesRead) =>
      error ? reject(error) : resolve({ bytesRead, buffer }),
    );
  });
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > PIPED_BYTES_MAX) {
      throw new LocalFileError(`more than ${PIPED_BYTES_MAX / 1024 / 1024} MiB were piped into --stdin`, {
        remedy:
          'Redirect a file instead (run exec --stdin … < FILE), which is read by each host as it goes, or use run copy.',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
