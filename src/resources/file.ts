/** The `file` and `directory` resources. */
import { Secret } from '../secrets/secret.ts';
import { ResourceError } from './errors.ts';
import { withoutSecret } from './no-secret.ts';
import { type AttributeOptions, checkedAttributes, checkedPath } from './paths.ts';
import type { DirectoryResource, FileDescription, FileResource, Validation } from './types.ts';

export interface FileOptions extends AttributeOptions {
  /** A secret, or text with secrets in it (`secretText`), is shown nowhere. */
  readonly content: string | Uint8Array | Secret;
  /** Checked on the host before anything is replaced. */
  readonly validate?: Validation;
  /** Instead of a line-by-line diff: see FileResource. */
  readonly describe?: (before: string | undefined) => FileDescription | undefined;
}

/** What others than owner and group may not have, where a secret stands; nor may the group write. */
const MODE_OF_SECRETS = 0o640;

/** A regular file with exactly this content. Default 0644 root:root; with a secret in it 0600, and at most 0640. */
export function file(path: string, options: FileOptions): FileResource {
  const isSecret = options.content instanceof Secret;
  const attributes = checkedAttributes(options, isSecret ? 0o600 : 0o644);
  if (isSecret && (attributes.mode & ~MODE_OF_SECRETS) !== 0)
    throw new ResourceError(`${path} holds a secret: mode 0${attributes.mode.toString(8)} lets too many read it`, {
      remedy: 'Give it mode 0o600, or 0o640 and the group of the program that reads it.',
    });
  return {
    kind: 'file',
    id: `file:${checkedPath(path)}`,
    path,
    content: typeof options.content === 'string' ? withoutSecret(options.content, path) : options.content,
    ...attributes,
    ...(options.validate === undefined ? {} : { validate: options.validate }),
    ...(options.describe === undefined ? {} : { describe: options.describe }),
  };
}

/** A directory; what lies in it is not touched. Default 0755 root:root. */
export function directory(path: string, options: AttributeOptions = {}): DirectoryResource {
  return { kind: 'directory', id: `directory:${checkedPath(path)}`, path, ...checkedAttributes(options, 0o755) };
}
