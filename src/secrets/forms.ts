/**
 * How secrets are written in vars: YAML tags (`!env NAME`, `!command [words]`, `!sops FILE#KEY`) and, for JSON and for inventories that
 * Ansible reads too, a map with the one key `$secret`. Pure.
 */
import { isAbsolute, resolve } from 'node:path';
import type { SourceLocation } from '../errors.ts';
import { type Secret, sourcedSecret } from './secret.ts';
import { parseKeyPath } from './source.ts';

export type FormRead = { readonly secret: Secret } | { readonly message: string; readonly remedy: string };

export interface FormPlace {
  /** Files are named relative to this folder: that of the file in which they are written, or the present one. Absolute. */
  readonly dir: string;
  readonly where?: SourceLocation;
}

/** The tags, and the keys below `$secret`. */
export const SECRET_KINDS = ['env', 'command', 'sops'] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

/** The one key of a map that means a secret. */
export const SECRET_KEY = '$secret';

const FORMS = 'Write !env NAME, !command [program, argument] or !sops FILE#KEY (docs/secrets.md).';

/** `content` is what stands after the tag, or under `$secret: { kind: … }`. */
export function readForm(kind: SecretKind, content: unknown, place: FormPlace): FormRead {
  switch (kind) {
    case 'env':
      return envForm(content, place);
    case 'command':
      return commandForm(content, place);
    case 'sops':
      return sopsForm(content, place);
  }
}

/** The form of a map `{ $secret: { env: NAME } }`; undefined: the map means nothing of the kind. */
export function readSecretMap(map: Readonly<Record<string, unknown>>, place: FormPlace): FormRead | undefined {
  if (!Object.hasOwn(map, SECRET_KEY)) return undefined;
  const inner = map[SECRET_KEY];
  const [kind, ...more] =
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.keys(inner) : [];
  if (Object.keys(map).length > 1 || kind === undefined || more.length > 0 || !isKind(kind)) {
    return {
      message: `"${SECRET_KEY}" stands alone in its map, and holds one of ${SECRET_KINDS.join(', ')}`,
      remedy: `Write { ${SECRET_KEY}: { env: NAME } }, { ${SECRET_KEY}: { command: [program, argument] } } or { ${SECRET_KEY}: { sops: FILE#KEY } }.`,
    };
  }
  return readForm(kind, (inner as Record<string, unknown>)[kind], place);
}

/** `!env` → `env`; undefined for other tags. */
export function kindOfTag(tag: string | undefined): SecretKind | undefined {
  return SECRET_KINDS.find((kind) => tag === `!${kind}`);
}

function isKind(text: string): text is SecretKind {
  return SECRET_KINDS.includes(text as SecretKind);
}

function envForm(content: unknown, { where }: FormPlace): FormRead {
  // The value is not quoted: somebody may have written the secret itself.
  if (typeof content !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(content))
    return { message: '!env names an environment variable: letters, digits and _', remedy: FORMS };
  return { secret: sourcedSecret({ kind: 'env', name: content, ...at(where) }) };
}

function commandForm(content: unknown, { where }: FormPlace): FormRead {
  const words = Array.isArray(content) ? content : [];
  const argv = words.filter((word) => typeof word === 'string' && !word.includes('\0'));
  if (argv.length === 0 || argv.length !== words.length || argv[0] === '')
    return {
      message: '!command is a list of words: the program and its arguments; no shell is involved',
      remedy: 'Write !command [pass, show, dns/tsig]; numbers in quotes. For a shell: !command [bash, -c, "…"].',
    };
  return { secret: sourcedSecret({ kind: 'command', argv, ...at(where) }) };
}

function sopsForm(content: unknown, { dir, where }: FormPlace): FormRead {
  const [, file = '', key] = typeof content === 'string' ? (/^([^#]+)(?:#(.*))?$/s.exec(content) ?? []) : [];
  const path = key === undefined ? undefined : parseKeyPath(key);
  if (file === '' || file.includes('\0') || (key !== undefined && path === undefined))
    return {
      message: '!sops names an encrypted file and a value in it: FILE#KEY, FILE#A.B or FILE#LIST[0]',
      remedy: 'The file is named relative to this one. Without #KEY the whole file is the secret.',
    };
  const absolute = isAbsolute(file) ? file : resolve(dir, file);
  return {
    secret: sourcedSecret({ kind: 'sops', file: absolute, ...(path === undefined ? {} : { path }), ...at(where) }),
  };
}

function at(where: SourceLocation | undefined): { readonly where?: SourceLocation } {
  return where === undefined ? {} : { where };
}
