/** Secrets as roles and playbooks use them. */
import { resolve } from 'node:path';
import { ResourceError } from '../resources/errors.ts';
import { readForm } from './forms.ts';
import type { Secret } from './secret.ts';

export { checkedSecret, type SecretRule } from './checked.ts';
export { joinSecrets, mapSecret, type Secret, secretText } from './secret.ts';

/** For vars that a playbook gives; inventories write `!env NAME`. */
export function envSecret(name: string): Secret {
  return secretOfForm('env', name);
}

/** A program and its arguments, run without a shell on this machine; what it prints is the secret. */
export function commandSecret(argv: readonly string[]): Secret {
  return secretOfForm('command', argv);
}

/** `FILE#KEY`, relative to the present folder; without `#KEY` the whole file. */
export function sopsSecret(fileAndKey: string): Secret {
  return secretOfForm('sops', fileAndKey);
}

function secretOfForm(kind: 'env' | 'command' | 'sops', content: unknown): Secret {
  const read = readForm(kind, content, { dir: resolve('.') });
  if ('secret' in read) return read.secret;
  throw new ResourceError(read.message, { remedy: read.remedy });
}
