/** A local file or folder as a stream whose size and hash are known before it is sent. */
import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errnoWords } from './errno-words.ts';
import { LocalFileError } from './errors.ts';
import type { Parcel } from './remote-command.ts';

export interface LocalParcel extends Parcel {
  /** The bytes from the beginning, once for each host. */
  open(): Readable;
}

/**
 * Reads everything once, for the hash: what changes before it is sent is then refused by the host.
 * @param mode octal; default: the mode of the file or folder, without setuid, setgid and sticky
 * @throws LocalFileError for what cannot be read, and for sockets, pipes and devices
 */
export async function openParcel(path: string, mode?: string): Promise<LocalParcel> {
  const full = resolve(path);
  const found = await stat(full).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(full, cause);
  });
  const kind = found.isDirectory() ? 'tree' : 'file';
  if (kind === 'file' && !found.isFile()) throw special(full);
  const open = kind === 'file' ? () => createReadStream(full) : await treeOpener(full);
  const { bytes, sha256 } = await measure(open(), full);
  return { kind, name: basename(full), mode: mode ?? octal(found), bytes, sha256, open };
}

interface TreeEntry {
  readonly name: string;
  readonly path: string;
  readonly stat: Stats;
  readonly target: string | undefined;
}

/** The same bytes each time: sorted, no owners, no times but those of the files. */
async function treeOpener(root: string): Promise<() => Readable> {
  // Through `default`: bundled, a CommonJS module has no other name.
  const { default: tar } = await import('tar-stream');
  const entries = await listTree(root);
  return () => {
    const pack = tar.pack();
    const fill = async (): Promise<void> => {
      for (const { name, path, stat: found, target } of entries) {
        const header = { name, mode: found.mode & 0o777, mtime: new Date(Math.floor(found.mtimeMs / 1000) * 1000) };
        if (target !== undefined) pack.entry({ ...header, type: 'symlink', linkname: target });
        else if (found.isDirectory()) pack.entry({ ...header, type: 'directory' });
        else {
          // The entry first: it throws when the reader is gone, and then no file may have been opened.
          const entry = pack.entry({ ...header, type: 'file', size: found.size }) as unknown as Writable;
          await pipeline(createReadStream(path), entry);
        }
      }
      pack.finalize();
    };
    fill().catch((error: Error) => pack.destroy(error));
    // A stream of Node's own: unlike tar-stream's, its pipe() does not fail the source when the host stops reading early.
    return Readable.from(pack as unknown as AsyncIterable<Buffer>, { objectMode: false });
  };
}

async function listTree(root: string, folder = ''): Promise<readonly TreeEntry[]> {
  const names = (await readdir(join(root, folder))).toSorted();
  const entries: TreeEntry[] = [];
  for (const name of names) {
    const inner = folder === '' ? name : `${folder}/${name}`;
    const path = join(root, inner);
    const found = await lstat(path);
    if (!found.isFile() && !found.isDirectory() && !found.isSymbolicLink()) throw special(path);
    entries.push({ name: inner, path, stat: found, target: found.isSymbolicLink() ? await readlink(path) : undefined });
    if (found.isDirectory()) entries.push(...(await listTree(root, inner)));
  }
  return entries;
}

async function measure(stream: Readable, path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (cause) {
    throw unreadable(path, cause as NodeJS.ErrnoException);
  }
  return { bytes, sha256: hash.digest('hex') };
}

function octal({ mode }: Stats): string {
  return (mode & 0o777).toString(8);
}

function unreadable(path: string, cause: NodeJS.ErrnoException): LocalFileError {
  return new LocalFileError(`${path} cannot be read: ${errnoWords(cause)}`, {
    remedy: 'SRC is a file or folder on this machine.',
    cause,
  });
}

function special(path: string): LocalFileError {
  return new LocalFileError(`${path} is no file, folder or link`, {
    remedy: 'Sockets, pipes and devices are not copied.',
  });
}
