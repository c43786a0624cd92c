/** What kind of key file a text is, without decrypting anything: plain, encrypted, public or none. Pure. */
import { type HostKey, parseKeyBlob, parsePublicKey } from './host-key.ts';

export type KeyFileKind =
  | { readonly kind: 'private'; readonly isEncrypted: boolean; readonly publicKey?: HostKey }
  | { readonly kind: 'public'; readonly publicKey: HostKey }
  | { readonly kind: 'other' };

const OPENSSH_MAGIC = 'openssh-key-v1\0';

/** Looks at the text of a key file. OpenSSH's own format shows the public key even when it is encrypted (PROTOCOL.key). */
export function inspectKeyFile(text: string): KeyFileKind {
  const openssh = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(text);
  if (openssh?.[1] !== undefined) return inspectOpenSsh(Buffer.from(openssh[1], 'base64'));
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text))
    return { kind: 'private', isEncrypted: true };
  if (/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/.test(text)) return { kind: 'private', isEncrypted: false };
  const publicKey = readPublicKeyFile(text);
  return publicKey === undefined ? { kind: 'other' } : { kind: 'public', publicKey };
}

/** The key of a *.pub file: `TYPE BASE64 comment`. */
export function readPublicKeyFile(text: string): HostKey | undefined {
  const [type, base64] = text.trim().split(/\s+/, 2);
  return type === undefined || base64 === undefined ? undefined : parsePublicKey(type, base64);
}

function inspectOpenSsh(data: Buffer): KeyFileKind {
  if (data.toString('latin1', 0, OPENSSH_MAGIC.length) !== OPENSSH_MAGIC) return { kind: 'other' };
  // cipher name, kdf name, kdf options, number of keys (always 1), public key
  const cipher = readField(data, OPENSSH_MAGIC.length);
  const kdf = cipher && readField(data, cipher.end);
  const options = kdf && readField(data, kdf.end);
  const blob = options && readField(data, options.end + 4);
  if (cipher === undefined || blob === undefined) return { kind: 'other' };
  const publicKey = parseKeyBlob(blob.bytes);
  const isEncrypted = cipher.bytes.toString('latin1') !== 'none';
  return { kind: 'private', isEncrypted, ...(publicKey === undefined ? {} : { publicKey }) };
}

function readField(data: Buffer, at: number): { readonly bytes: Buffer; readonly end: number } | undefined {
  if (at + 4 > data.length) return undefined;
  const end = at + 4 + data.readUInt32BE(at);
  return end > data.length ? undefined : { bytes: data.subarray(at + 4, end), end };
}
