/** Files that sops has encrypted keep their keys readable: which values are secrets is known without decrypting anything. Pure. */
import type { SourceLocation } from '../errors.ts';
import { type Secret, sourcedSecret } from './secret.ts';

/** How sops writes an encrypted value (getsops/sops, aes/cipher.go). */
const ENCRYPTED = /^ENC\[AES256_GCM,data:/;

type Container = Record<string | number, unknown>;

/** Whether sops wrote this map: it keeps its metadata under the key `sops`, with a message authentication code. */
export function isSopsDocument(value: unknown): value is Container {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, 'sops'))
    return false;
  const meta = (value as Container)['sops'];
  return typeof meta === 'object' && meta !== null && 'mac' in meta && 'version' in meta;
}

/**
 * Puts a secret in the place of every encrypted value, in place, and takes sops's metadata out. What sops left readable (`unencrypted_suffix`,
 * `encrypted_regex`) stays plain. `where` tells where a key of a container was written.
 */
export function withSecrets(
  document: Container,
  file: string,
  where: (container: unknown, key: string | number) => SourceLocation | undefined,
): void {
  delete document['sops'];
  const walk = (container: Container, path: readonly (string | number)[]): void => {
    for (const key of keysOf(container)) {
      const value = container[key];
      const inner = [...path, key];
      if (typeof value === 'string' && ENCRYPTED.test(value))
        container[key] = secretAt(file, inner, where(container, key));
      else if (typeof value === 'object' && value !== null) walk(value as Container, inner);
    }
  };
  walk(document, []);
}

function keysOf(container: object): readonly (string | number)[] {
  return Array.isArray(container) ? [...container.keys()] : Object.keys(container);
}

function secretAt(file: string, path: readonly (string | number)[], where: SourceLocation | undefined): Secret {
  return sourcedSecret({ kind: 'sops', file, path, ...(where === undefined ? {} : { where }) });
}
