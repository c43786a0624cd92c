/** A folder with those above it. Node's own `mkdir(…, { recursive: true })` never returns where one can be seen and none be made: in /proc. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** @throws the error of mkdir(2) */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isFolder(path))) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path || (await isFolder(above))) throw error;
    await makeFolder(above);
    await makeFolder(path);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
