/** Which algorithms we offer: the fast ones first, none that OpenSSH itself no longer offers. Pure. */
import type { Algorithms, ServerHostKeyAlgorithm } from 'ssh2';
import type { KnownKeys } from './known-hosts.ts';

/** By type of key as known_hosts writes it; ssh-rsa (SHA-1) signatures are left out as in OpenSSH since 8.8. */
const BY_KEY_TYPE: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

const ALL: readonly ServerHostKeyAlgorithm[] = Object.values(BY_KEY_TYPE).flat();

/**
 * The order in which we ask for host keys: those that known_hosts has first, as ssh does (sshconnect2.c, order_hostkeyalgs).
 * Else a host with an ed25519 and an RSA key, of which the RSA one is known, would look like one whose key changed.
 */
export function hostKeyAlgorithms(known: KnownKeys): ServerHostKeyAlgorithm[] {
  const entries = known.keys.length > 0 ? known.keys : known.portlessKeys;
  const types = new Set(entries.map((entry) => entry.key.type));
  const preferred = Object.entries(BY_KEY_TYPE).flatMap(([type, algorithms]) => (types.has(type) ? algorithms : []));
  return [...new Set([...preferred, ...ALL])];
}

/**
 * What is offered besides: x25519 is the cheapest exchange, and AES-GCM runs in OpenSSL where ssh2's ChaCha20 is half
 * WebAssembly; both ends of a LAN gain nothing from compression.
 */
export const ALGORITHMS = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group14-sha256',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
    'chacha20-poly1305@openssh.com',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} as const satisfies Algorithms;
