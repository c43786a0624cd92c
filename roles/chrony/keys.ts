/** chrony.keys: symmetric keys (chrony.conf(5), keyfile), reread by `chronyc rekey` without a restart. */
import { checkedSecret, joinSecrets, type Secret } from 'coreos-infra';
import type { ChronyVars } from './vars.schema.ts';

type Key = ChronyVars['keys'][number];

const HEADER = '# Written by coreos-infra (role chrony). Changes made here are replaced by the next run.\n';

/** Bytes that a cipher's key has to have; chronyd loads no other. */
const EXACT_BYTES: Readonly<Record<string, number>> = { AES128: 16, AES256: 32 };
/** chronyd warns of shorter ones (80 bits), and a short key is guessed from one captured packet. */
const BYTES_MIN = 10;
/** What chronyd takes of a line (keys.c, 4.6). */
const TEXT_MAX = 2047;

/** The whole file; a secret as a whole, since keys stand in it. */
export function keyFile(keys: readonly Key[]): Secret {
  return joinSecrets([
    HEADER,
    ...keys.flatMap(({ id, type, key }, i) => [`${id} ${type} `, checkedKey(key, type, `chrony_keys[${i}].key`), '\n']),
  ]);
}

function checkedKey(key: Secret, type: string, name: string): Secret {
  const exact = EXACT_BYTES[type];
  const bytes = exact === undefined ? `at least ${BYTES_MIN} bytes` : `exactly ${exact} bytes`;
  return checkedSecret(key, {
    name,
    expected: `a key of ${bytes} for ${type}, as HEX: and hexadecimal digits or as text without blanks`,
    test: (text) => {
      const length = keyBytes(text);
      return length !== undefined && (exact === undefined ? length >= BYTES_MIN : length === exact);
    },
  });
}

/** undefined: chronyd would not read it, or would read something else. */
function keyBytes(text: string): number | undefined {
  if (text.length > TEXT_MAX) return undefined;
  if (text.startsWith('HEX:')) return /^HEX:(?:[0-9A-Fa-f]{2})+$/.test(text) ? (text.length - 4) / 2 : undefined;
  return /^[!-~]+$/.test(text) ? text.replace(/^ASCII:/, '').length : undefined;
}
