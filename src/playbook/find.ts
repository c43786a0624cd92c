/** Which playbooks a project has: playbooks/<name>.ts, found by reading one folder. */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

export interface PlaybookFile {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/** The one playbook that is a procedure (src/upgrade): it has no plays, and options of its own. */
export const UPGRADE_PLAYBOOK = 'upgrade';

const EXTENSIONS = /\.(?:ts|mts|js|mjs)$/;

/** In alphabetical order; none when there is no such folder. Names that begin with `_` or `.` are parts, not playbooks. */
export function listPlaybooks(projectDir: string): readonly PlaybookFile[] {
  const folder = join(projectDir, 'playbooks');
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => EXTENSIONS.test(name) && !name.endsWith('.d.ts') && !/^[._]/.test(name))
    .sort()
    .map((name) => ({ name: name.replace(EXTENSIONS, ''), path: join(folder, name) }));
}

/** Those that are lists of plays. */
export function listPlayPlaybooks(projectDir: string): readonly PlaybookFile[] {
  return listPlaybooks(projectDir).filter(({ name }) => name !== UPGRADE_PLAYBOOK);
}

/** The first line of the comment that a playbook begins with; '' without one. The playbook is not loaded. */
export function firstComment(path: string): string {
  const text = head(path, 1024);
  const comment = /^\s*(?:#!.*\n)?\s*(?:\/\*\*?\s*\*?\s*|\/\/\s*)([^\n]*)/.exec(text)?.[1] ?? '';
  return comment.replace(/\s*\*\/.*$/, '').trim();
}

function head(path: string, bytesMax: number): string {
  try {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(bytesMax);
      return buffer.toString('utf8', 0, readSync(file, buffer, 0, bytesMax, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}
