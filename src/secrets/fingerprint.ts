/** Whether a host has the very value that is wanted, without keeping anything there from which a short value could be guessed elsewhere. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { exposeSecret, type Secret } from './secret.ts';

/** `SALT:HMAC`, both hexadecimal. The salt is random and never leaves the host and the engine; without it the HMAC says nothing. */
export function fingerprint(secret: Secret, salt: string): string {
  return `${salt}:${createHmac('sha256', Buffer.from(salt, 'hex')).update(exposeSecret(secret)).digest('hex')}`;
}

/** Whether `known` was made of the same value. */
export function hasFingerprint(secret: Secret, known: string): boolean {
  const [salt = ''] = known.split(':');
  const wanted = Buffer.from(fingerprint(secret, salt));
  const found = Buffer.from(known);
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}
