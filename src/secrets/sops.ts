/** Decrypts files by the `sops` program: its own search for keys (SOPS_AGE_KEY_FILE, key services, agents) holds. */
import { readFileSync, statSync } from 'node:fs';
import { SecretError } from './errors.ts';
import { runProgram } from './run-program.ts';
import { formatKeyPath } from './source.ts';

/** A key service may take a while, an agent may ask its user. */
const SOPS_TIMEOUT_MS = 60_000;
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** Exit codes of sops (getsops/sops, cmd/sops/codes). */
const MAC_MISMATCH = 51;
const NO_KEY = 128;

export interface SopsFile {
  readonly file: string;
  /** As it was asked for: JSON, or the file itself. */
  readonly content: Buffer;
}

/** `whole`: the file as it was before it was encrypted. Throws SecretError. */
export async function decryptFile(file: string, as: 'json' | 'whole'): Promise<SopsFile> {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new SecretError(`there is no file ${file}`, {
      remedy: 'Correct its name; it is relative to the file that names it.',
    });
  const argv = ['sops', '--decrypt', ...(as === 'json' ? ['--output-type', 'json'] : []), file];
  const result = await runProgram(argv, { timeoutMs: SOPS_TIMEOUT_MS, bytesMax: FILE_BYTES_MAX }).catch((cause) => {
    throw new SecretError(
      `sops cannot be started (${(cause as NodeJS.ErrnoException).code}), and ${file} is encrypted with it`,
      {
        cause,
        remedy: 'Install sops on this machine and put it on the PATH: https://github.com/getsops/sops/releases',
      },
    );
  });
  if (result.code === 0 && result.broken === undefined) return { file, content: result.stdout };
  throw failure(file, result.broken ?? result.code, result.words);
}

/** The value at `path` of a file that was decrypted as JSON. Numbers and true/false become text. */
export function valueAt({ file, content }: SopsFile, path: readonly (string | number)[]): Buffer {
  let at = parsed(content);
  if (at === undefined)
    throw new SecretError(`what sops made of ${file} is no JSON`, {
      remedy: 'Name a value of a YAML or JSON file; for other files leave #KEY out: the whole file is the secret then.',
    });
  for (const part of path) {
    const isThere = typeof at === 'object' && at !== null && Object.hasOwn(at, part);
    at = isThere ? (at as Record<string | number, unknown>)[part] : undefined;
  }
  if (typeof at === 'string' || typeof at === 'number' || typeof at === 'boolean') return Buffer.from(String(at));
  const what = at === undefined ? 'has no' : 'has a map, a list or nothing at';
  throw new SecretError(`${file} ${what} ${formatKeyPath(path)}`, {
    remedy: `See its keys: sops ${file}; a secret is one value.`,
  });
}

/** undefined: no JSON. Node's own message would quote the text. */
function parsed(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
}

function failure(file: string, code: number | 'slow' | 'large' | undefined, words: readonly string[]): SecretError {
  if (code === 'slow')
    return new SecretError(`sops did not decrypt ${file} within ${SOPS_TIMEOUT_MS / 1000} s`, {
      remedy: 'Does it wait for a key service or a passphrase? Try: sops --decrypt FILE',
    });
  if (code === NO_KEY) {
    const recipients = ageRecipients(file);
    const which = recipients.length === 0 ? '' : ` It is encrypted for ${recipients.join(', ')}.`;
    return new SecretError(`sops has no key for ${file}`, {
      detail: words,
      remedy: `Name the file with your age key: export SOPS_AGE_KEY_FILE=…/keys.txt.${which}`,
    });
  }
  if (code === MAC_MISMATCH)
    return new SecretError(`${file} was changed without sops: its message authentication code does not fit`, {
      remedy: 'Bring back the last version that was written by sops, and edit it with: sops FILE',
    });
  const how =
    code === 'large'
      ? 'printed more than 4 MiB'
      : code === undefined
        ? 'was ended by a signal'
        : `ended with exit code ${code}`;
  return new SecretError(`sops ${how} for ${file}`, { detail: words, remedy: `Try by hand: sops --decrypt ${file}` });
}

/** Public keys, which sops keeps readable. */
function ageRecipients(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  return [...new Set(text.match(/\bage1[02-9ac-hj-np-z]{58}\b/g) ?? [])].slice(0, 4);
}
