/** Unpacks a tar stream from a host, which may be hostile: files and folders below one folder, and nothing else. */
import { createWriteStream } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** The name below the folder; undefined for one that leads out of it, or cannot be one here. */
export function safeName(name: string): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) return undefined;
  return parts.join('/');
}

/** Links are left out: they are the way out of the folder. Returns the names of all that was left out. */
export async function unpackTree(stream: Readable, folder: string): Promise<readonly string[]> {
  const { default: tar } = await import('tar-stream'); // bundled, a CommonJS module has no other name
  const extract = tar.extract();
  const skipped: string[] = [];
  const modes: { readonly path: string; readonly mode: number }[] = [];
  const unpacking = pipeline(stream, extract as unknown as NodeJS.WritableStream);
  unpacking.catch(() => {});
  for await (const entry of extract) {
    const { name, type, mode = 0o600 } = entry.header;
    const inner = safeName(name);
    if (inner === undefined || (type !== 'file' && type !== 'contiguous-file' && type !== 'directory')) {
      skipped.push(name);
      entry.resume();
    } else if (type === 'directory') {
      await mkdir(join(folder, inner), { recursive: true, mode: 0o700 });
      if (inner !== '') modes.push({ path: join(folder, inner), mode: mode & 0o777 });
      entry.resume();
    } else {
      await mkdir(dirname(join(folder, inner)), { recursive: true, mode: 0o700 });
      // wx: an archive that names a file twice is not ours to interpret.
      await pipeline(
        entry as unknown as Readable,
        createWriteStream(join(folder, inner), { flags: 'wx', mode: 0o600 }),
      );
      await chmod(join(folder, inner), mode & 0o777);
    }
  }
  await unpacking;
  // Last, and the inner ones first: a folder may be read-only.
  for (const { path, mode } of modes.toReversed()) await chmod(path, mode);
  return skipped;
}
