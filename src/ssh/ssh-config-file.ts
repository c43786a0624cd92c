/** Reads ~/.ssh/config and what it includes. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { SshConfigError } from './errors.ts';
import { expandTilde } from './expand.ts';
import { matchesPattern } from './pattern.ts';
import { type ConfigLine, splitConfigLine } from './ssh-config.ts';

/** As in OpenSSH (readconf.c, READCONF_MAX_DEPTH): files that include each other end here. */
const DEPTH_MAX = 16;

/**
 * All lines of `file`; none if it does not exist.
 * @throws SshConfigError if it cannot be read, or a quote has no end.
 */
export async function readSshConfig(file: string, home: string, depth = 0): Promise<readonly ConfigLine[]> {
  const text = await readText(file);
  const lines: ConfigLine[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const at = { file, line: index + 1 };
    const split = splitConfigLine(raw.replace(/\r$/, ''));
    if (split === undefined) continue;
    if (split === null) {
      throw new SshConfigError(`${file}:${at.line}: a quote has no end`, { where: at, remedy: 'Close the quote.' });
    }
    const line: ConfigLine = { ...at, ...split };
    lines.push(line.keyword === 'include' ? { ...line, included: await readIncluded(line, home, depth + 1) } : line);
  }
  return lines;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new SshConfigError(`${file} cannot be read: ${(cause as Error).message}`, {
      where: { file },
      remedy: 'Make the file readable for you.',
      cause,
    });
  }
}

async function readIncluded(line: ConfigLine, home: string, depth: number): Promise<(readonly ConfigLine[])[]> {
  if (depth > DEPTH_MAX) {
    throw new SshConfigError(`${line.file}:${line.line}: Include goes deeper than ${DEPTH_MAX} files`, {
      where: { file: line.file, line: line.line },
      remedy: 'Two files include each other: take one Include out.',
    });
  }
  const files: string[] = [];
  for (const arg of line.args) {
    const path = expandTilde(arg, home);
    // A relative name in a user's file is one in ~/.ssh, whatever folder the including file is in (ssh_config(5)).
    files.push(...(await glob(isAbsolute(path) ? path : join(home, '.ssh', path))));
  }
  return Promise.all(files.map((file) => readSshConfig(file, home, depth)));
}

/** The files that an absolute path with `*` and `?` names, sorted; a path without them names itself. */
async function glob(path: string): Promise<string[]> {
  if (!/[*?]/.test(path)) return [path];
  const folders = await glob(dirname(path));
  const pattern = path.slice(path.lastIndexOf('/') + 1);
  const found: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    // A star does not match a hidden file (glob(7)).
    const isMatch = (name: string) =>
      matchesPattern(pattern, name) && (pattern.startsWith('.') || !name.startsWith('.'));
    found.push(
      ...names
        .filter(isMatch)
        .sort()
        .map((name) => join(folder, name)),
    );
  }
  return found;
}
