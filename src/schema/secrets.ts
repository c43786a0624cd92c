/** Which names hold secrets, so that neither messages nor `inventory show` print their values. Pure. */

import { Secret } from '../secrets/secret.ts';
import { SECRET_SHOWN } from '../secrets/shown.ts';

// The address of a webhook is its own key: whoever has it may post there.
const SECRET =
  /(^|_)(pass(word|wd|phrase)?|secrets?|tokens?|credentials?|webhooks?|tsig|psk|(api|private|secret|access|auth|rndc|tsig)_?keys?)(_|$)/i;
/** Says where a secret lies or what it is called, which is none itself: `ansible_ssh_private_key_file`. */
const POINTER = /_(file|path|dir|name|algorithm)$/i;

export const MASK = '********';

/** By its name: `dns_tsig_secret`, `password`, `api_key`. */
export function looksSecret(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/-/g, '_');
  return SECRET.test(words) && !POINTER.test(words);
}

/** A value for people to read, with everything masked that stands under a name that looks secret. */
export function maskSecrets(value: unknown, name = ''): unknown {
  if (value instanceof Secret) return SECRET_SHOWN;
  if (looksSecret(name) && value !== null && value !== '') return MASK;
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, maskSecrets(inner, key)]));
  }
  return value;
}
