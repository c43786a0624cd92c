/** Where a project's history lies: one file for each project and user, in the XDG state folder. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, isAbsolute, join, resolve } from 'node:path';

/** Absolute folder of everything that is kept for a project: `~/.local/state/coreos-infra/dns-1f0a6c2e`. Nothing is created. */
export function projectStateDir(projectDir: string): string {
  const dir = realPath(projectDir);
  const name = basename(dir).replace(/[^A-Za-z0-9._-]/g, '-') || 'project';
  return join(stateHome(), 'coreos-infra', `${name}-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`);
}

export function historyFile(projectDir: string): string {
  return join(projectStateDir(projectDir), 'history.db');
}

/** The specification of base directories: a relative $XDG_STATE_HOME is to be ignored. */
function stateHome(): string {
  // biome-ignore lint/style/noProcessEnv: the one place that says where state lies
  const given = process.env['XDG_STATE_HOME'];
  return given !== undefined && isAbsolute(given) ? given : join(homedir(), '.local/state');
}

/** A project that is reached through a symlink is the same project. */
function realPath(dir: string): string {
  try {
    return realpathSync(dir);
  } catch {
    return resolve(dir);
  }
}
