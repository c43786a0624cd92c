/** The `file` and `directory` resources. */
import { type AttributeOptions, checkedAttributes, checkedPath } from './paths.ts';
import type { DirectoryResource, FileDescription, FileResource, Validation } from './types.ts';

export interface FileOptions extends AttributeOptions {
  readonly content: string | Uint8Array;
  /** Checked on the host before anything is replaced. */
  readonly validate?: Validation;
  /** Instead of a line-by-line diff: see FileResource. */
  readonly describe?: (before: string | undefined) => FileDescription | undefined;
}

/** A regular file with exactly this content. Default 0644 root:root. */
export function file(path: string, options: FileOptions): FileResource {
  return {
    kind: 'file',
    id: `file:${checkedPath(path)}`,
    path,
    content: options.content,
    ...checkedAttributes(options, 0o644),
    ...(options.validate === undefined ? {} : { validate: options.validate }),
    ...(options.describe === undefined ? {} : { describe: options.describe }),
  };
}

/** A directory; what lies in it is not touched. Default 0755 root:root. */
export function directory(path: string, options: AttributeOptions = {}): DirectoryResource {
  return { kind: 'directory', id: `directory:${checkedPath(path)}`, path, ...checkedAttributes(options, 0o755) };
}
