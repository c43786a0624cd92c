/** Paths and owners that resources may name: absolute, normalised, and nothing that a shell, tar or unit could misread. */
import { posix } from 'node:path';
import { ResourceError } from './errors.ts';
import type { FileAttributes } from './types.ts';

/** Folders in which a deployment tool has no business: kernel interfaces, and what belongs to the OS image or to us. */
const FORBIDDEN = [
  '/proc',
  '/sys',
  '/dev',
  '/usr',
  '/sysroot',
  '/ostree',
  '/boot',
  '/run/coreos-infra',
  '/etc/.coreos-infra',
  '/etc/coreos-infra',
  '/var/lib/coreos-infra',
];

export function checkedPath(path: string): string {
  const problem = pathProblem(path);
  if (problem !== undefined) {
    throw new ResourceError(`path ${JSON.stringify(path)}: ${problem}`, {
      remedy: 'Give an absolute path below /etc, /var or /run, without "..", "//" or control characters.',
    });
  }
  return path;
}

function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'is not absolute';
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'has a control character';
  if (path !== posix.normalize(path) || path === '/' || path.endsWith('/')) return 'is not in its shortest form';
  if (Buffer.byteLength(path) > 1024) return 'is longer than 1024 bytes';
  const forbidden = FORBIDDEN.find((folder) => path === folder || path.startsWith(`${folder}/`));
  // /usr/local is /var/usrlocal on CoreOS: writable and shared by all deployments.
  if (forbidden === '/usr' && path.startsWith('/usr/local/')) return undefined;
  return forbidden === undefined ? undefined : `lies in ${forbidden}, which is not ours to manage`;
}

export interface AttributeOptions {
  readonly mode?: number;
  readonly owner?: string;
  readonly group?: string;
}

export function checkedAttributes(options: AttributeOptions, defaultMode: number): FileAttributes {
  const mode = options.mode ?? defaultMode;
  const owner = options.owner ?? 'root';
  const group = options.group ?? 'root';
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
    throw new ResourceError(`mode ${mode} is not a permission mode`, { remedy: 'Write it in octal, e.g. 0o644.' });
  }
  for (const name of [owner, group]) {
    // useradd(8): a portable user name; or a numeric id.
    if (!/^(?:[a-z_][a-z0-9_-]{0,31}|[0-9]{1,10})$/.test(name)) {
      throw new ResourceError(`owner or group ${JSON.stringify(name)} is not a user name or numeric id`, {
        remedy: 'Name a user or group that exists on the host, or its number.',
      });
    }
  }
  return { mode, owner, group };
}
