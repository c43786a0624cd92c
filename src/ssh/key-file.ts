/** Reads private key files as strictly as ssh does. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import { type HostKey, parseKeyBlob } from './host-key.ts';
import { inspectKeyFile, readPublicKeyFile } from './key-format.ts';
import type { SshLibrary } from './library.ts';
import { quoteArgv } from './quote.ts';

export type LoadedKey = { readonly path: string } & (
  | { readonly kind: 'ready'; readonly key: ParsedKey; readonly publicKey: HostKey }
  /** Encrypted, or only a public key: usable if the agent holds it. */
  | { readonly kind: 'agent-only'; readonly isEncrypted: boolean; readonly publicKey?: HostKey }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unusable'; readonly why: string; readonly remedy: string; readonly cause?: unknown }
);

/** A key file is at most a few kB; what is bigger is none. */
const SIZE_MAX = 64 * 1024;

/** Reads one key file; what is wrong with it is a value, since only a key that was named is an error. */
export async function loadKeyFile(path: string, library: SshLibrary): Promise<LoadedKey> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const stat = await handle.stat();
    // authfile.c, sshkey_perm_ok: only the owner's own files are judged (root reads others' keys).
    if (stat.uid === process.getuid?.() && (stat.mode & 0o077) !== 0 && !path.endsWith('.pub'))
      return tooOpen(path, stat.mode);
    if (!stat.isFile() || stat.size > SIZE_MAX) return unusable(path, 'is no key file', 'Name a private key file.');
    return await judge(path, await handle.readFile('utf8'), library);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return await publicHalf(path, { path, kind: 'missing' });
    return {
      ...unusable(path, `cannot be read: ${message}`, `Make it readable for you: ${quoteArgv(['ls', '-l', path])}`),
      cause,
    };
  } finally {
    await handle?.close();
  }
}

async function judge(path: string, text: string, library: SshLibrary): Promise<LoadedKey> {
  const found = inspectKeyFile(text);
  if (found.kind === 'other')
    return unusable(path, 'is no private key', 'Name a private key file, as ssh-keygen writes it.');
  if (found.kind === 'public') return { path, kind: 'agent-only', isEncrypted: false, publicKey: found.publicKey };
  if (found.isEncrypted) {
    const encrypted: LoadedKey = { path, kind: 'agent-only', isEncrypted: true };
    return found.publicKey === undefined ? publicHalf(path, encrypted) : { ...encrypted, publicKey: found.publicKey };
  }
  const key = library.ssh2.utils.parseKey(text);
  const parsed = Array.isArray(key) ? (key[0] as ParsedKey) : key;
  const publicKey = parsed instanceof Error ? undefined : parseKeyBlob(parsed.getPublicSSH());
  if (parsed instanceof Error || publicKey === undefined) {
    if (found.publicKey?.type.startsWith('sk-'))
      return unusable(path, 'is a FIDO key, which ssh2 cannot use', 'Name a key of another type.');
    const why = parsed instanceof Error ? parsed.message : 'no public half';
    return unusable(
      path,
      `is a key that we cannot read (${why})`,
      `Rewrite it in OpenSSH's format: ${quoteArgv(['ssh-keygen', '-p', '-f', path])}`,
    );
  }
  return { path, kind: 'ready', key: parsed, publicKey };
}

/** The *.pub beside a key says which one it is when the file itself does not (PEM, or the private half is only in the agent). */
async function publicHalf(path: string, otherwise: LoadedKey): Promise<LoadedKey> {
  const text = await readFile(`${path}.pub`, 'utf8').catch(() => '');
  const publicKey = readPublicKeyFile(text);
  if (publicKey === undefined) return otherwise;
  return { path, kind: 'agent-only', isEncrypted: otherwise.kind === 'agent-only', publicKey };
}

function tooOpen(path: string, mode: number): LoadedKey {
  const bits = (mode & 0o777).toString(8).padStart(4, '0');
  return unusable(
    path,
    `others may read this private key (mode ${bits}), ssh refuses it too`,
    `Close it: ${quoteArgv(['chmod', '600', path])}`,
  );
}

function unusable(
  path: string,
  why: string,
  remedy: string,
): Extract<LoadedKey, { kind: 'unusable' }> & { readonly path: string } {
  return { path, kind: 'unusable', why, remedy };
}
