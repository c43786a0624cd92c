/** A host's public key: its type, its bytes, and the fingerprint by which people compare it. */
import { createHash } from 'node:crypto';

export interface HostKey {
  /** As in known_hosts: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, … */
  readonly type: string;
  /** The key in SSH's wire form (RFC 4253 §6.6): what known_hosts holds in base64. */
  readonly blob: Buffer;
}

/** `SHA256:…` as ssh, ssh-keygen -l and the console of a CoreOS host show it. */
export function fingerprint(key: HostKey): string {
  return `SHA256:${createHash('sha256').update(key.blob).digest('base64').replace(/=+$/, '')}`;
}

/** A key as it stands in known_hosts and *.pub files: `ssh-ed25519 AAAA…`. */
export function formatPublicKey(key: HostKey): string {
  return `${key.type} ${key.blob.toString('base64')}`;
}

/** Reads a key in wire form, which begins with the name of its type; undefined if it does not. */
export function parseKeyBlob(blob: Buffer): HostKey | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  // The longest type in use, webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com, has 50 characters.
  if (length === 0 || length > 64 || blob.length <= 4 + length) return undefined;
  const type = blob.toString('latin1', 4, 4 + length);
  return /^[a-z0-9@.-]+$/.test(type) ? { type, blob } : undefined;
}

/** Reads `TYPE BASE64`; undefined unless both are well-formed and agree. */
export function parsePublicKey(type: string, base64: string): HostKey | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const key = parseKeyBlob(Buffer.from(base64, 'base64'));
  return key?.type === type ? key : undefined;
}
