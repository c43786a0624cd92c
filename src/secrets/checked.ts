/** What a role may ask of a secret's value, told without quoting it. */
import { SecretError } from './errors.ts';
import { mapSecret, type Secret } from './secret.ts';

export interface SecretRule {
  /** The var as the user knows it: `chrony_keys[0].key`. */
  readonly name: string;
  /** In words: `hexadecimal digits`. */
  readonly expected: string;
  readonly test: (value: string) => boolean;
}

/** The same secret; when its value is there and fails the rule, a SecretError says so, before any host is touched. */
export function checkedSecret(secret: Secret, { name, expected, test }: SecretRule): Secret {
  return mapSecret(secret, (value) => {
    if (test(value)) return value;
    throw new SecretError(`${name}: expected ${expected}, and the secret is something else (not shown)`, {
      remedy: 'Correct it where it is kept. A newline at its end counts.',
    });
  });
}
