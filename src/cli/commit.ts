/** Which commit a project stands at, read from its files: no run pays for starting git. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** `main@1c0f71d`, `1c0f71d` when detached; undefined outside a git repository. Uncommitted changes are not seen. */
export function currentCommit(dir: string): string | undefined {
  const gitDir = findGitDir(dir);
  const head = gitDir === undefined ? undefined : read(join(gitDir, 'HEAD'));
  if (gitDir === undefined || head === undefined) return undefined;
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  if (ref === undefined) return short(head);
  // A worktree keeps its HEAD, and shares its branches (gitrepository-layout(5)).
  const common = resolve(gitDir, read(join(gitDir, 'commondir')) ?? '.');
  const hash = read(join(common, ref)) ?? packed(common, ref);
  const branch = ref.replace(/^refs\/heads\//, '');
  return hash === undefined ? undefined : `${branch}@${short(hash)}`;
}

function findGitDir(dir: string): string | undefined {
  for (let folder = dir; ; folder = dirname(folder)) {
    const path = join(folder, '.git');
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) return path;
    const link = found?.isFile() ? /^gitdir: (.+)$/.exec(read(path) ?? '')?.[1] : undefined;
    if (link !== undefined) return resolve(folder, link);
    if (dirname(folder) === folder) return undefined;
  }
}

function packed(gitDir: string, ref: string): string | undefined {
  const line = read(join(gitDir, 'packed-refs'))
    ?.split('\n')
    .find((text) => text.endsWith(` ${ref}`));
  return line?.split(' ')[0];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function short(hash: string): string {
  return hash.slice(0, 7);
}
