/** Host keys: nothing is accepted that known_hosts does not say. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addKnownHost,
  fingerprint,
  HostKeyChangedError,
  HostKeyRevokedError,
  HostKeyUnknownError,
  knownHostsPlace,
  scanHostKey,
} from '../../../src/ssh/index.ts';
import { errorOf, Sandbox } from './sandbox.ts';
import { type KeyPair, newKeyPair, type ScriptedSshd } from './scripted-sshd.ts';

const HOST_KEYS = [newKeyPair('ed25519'), newKeyPair('rsa')];
const [ED25519, RSA] = HOST_KEYS as [KeyPair, KeyPair];
const OTHER = newKeyPair('ed25519');

let sandbox: Sandbox;
let server: ScriptedSshd;
beforeEach(async () => {
  sandbox = new Sandbox();
  server = await sandbox.startSshd({ hostKeys: HOST_KEYS });
});
afterEach(() => sandbox.end());

const at = () => `[127.0.0.1]:${server.port}`;
const known = (...lines: readonly string[]) => sandbox.write('known_hosts', lines.map((line) => `${line}\n`).join(''));
const connect = () => sandbox.connect(sandbox.host(server.port));
const print = (pair: KeyPair) =>
  fingerprint({ type: '', blob: Buffer.from(pair.public.split(' ')[1] ?? '', 'base64') });

describe('a host key', () => {
  it('that nobody knows is refused with its fingerprint and the command that accepts it', async () => {
    const error = await errorOf(connect());
    expect(error).toBeInstanceOf(HostKeyUnknownError);
    expect(error).toMatchObject({ exitCode: 1, host: 'ns1', message: `the host key of ns1 (${at()}) is not known` });
    expect((error as HostKeyUnknownError).detail).toEqual([
      `offered: ssh-ed25519 ${print(ED25519)}`,
      `looked for ${at()} in ${sandbox.knownHostsFile}`,
    ]);
    expect((error as HostKeyUnknownError).remedy).toMatch(/accept it with: run inventory trust ns1$/);
    expect(existsSync(sandbox.knownHostsFile)).toBe(false);
  });

  it('that is not the known one is refused with both fingerprints and the line of the known one', async () => {
    known('# office', `${at()} ${OTHER.public}`);
    const error = await errorOf(connect());
    expect(error).toBeInstanceOf(HostKeyChangedError);
    expect(error).toMatchObject({ exitCode: 1, where: { file: sandbox.knownHostsFile, line: 2 } });
    expect((error as HostKeyChangedError).message).toContain('HAS CHANGED');
    expect((error as HostKeyChangedError).detail).toEqual([
      `known:   ssh-ed25519 ${print(OTHER)} (${sandbox.knownHostsFile}:2)`,
      `offered: ssh-ed25519 ${print(ED25519)}`,
    ]);
    expect((error as HostKeyChangedError).remedy).toContain(
      `ssh-keygen -R '[127.0.0.1]:${server.port}' -f ${sandbox.knownHostsFile} && run inventory trust ns1`,
    );
  });

  it('that is revoked is refused even if another line knows it', async () => {
    known(`${at()} ${ED25519.public}`, `@revoked * ${ED25519.public}`);
    const error = await errorOf(connect());
    expect(error).toBeInstanceOf(HostKeyRevokedError);
    expect(error).toMatchObject({ exitCode: 1, where: { line: 2 } });
  });

  it('of one type is asked for when only that type is known, so nothing seems changed', async () => {
    known(`${at()} ${RSA.public}`);
    await connect();
  });

  it('of another type than the known one is not taken for a new host', async () => {
    const onlyRsa = await sandbox.startSshd({ hostKeys: [RSA] });
    known(`[127.0.0.1]:${onlyRsa.port} ${OTHER.public}`);
    const error = await errorOf(sandbox.connect(sandbox.host(onlyRsa.port)));
    expect(error).toBeInstanceOf(HostKeyChangedError);
    expect((error as Error).message).toContain('one of another type');
  });

  it.each([
    ['its plain name', () => `${at()} ${ED25519.public}`],
    ['one name of a list', () => `ns1.example.com,${at()},10.0.0.1 ${ED25519.public} a comment`],
    ['a pattern', () => `[127.0.0.*]:* ${ED25519.public}`],
    ['its address at the usual port, as for ssh', () => `127.0.0.1 ${ED25519.public}`],
    ['one of two keys', () => `${at()} ${OTHER.public}\n${at()} ${ED25519.public}`],
    ['a line among unreadable ones', () => `nonsense\n${at()} ssh-ed25519 !!!\n\n${at()} ${ED25519.public}`],
  ])('is found by %s', async (_, line) => {
    known(line());
    await connect();
  });

  it('is not found by a pattern that leaves the host out, nor by a certificate authority', async () => {
    known(`*,!${at()},!127.0.0.1 ${ED25519.public}`, `@cert-authority * ${ED25519.public}`, 'broken');
    const error = (await errorOf(connect())) as HostKeyUnknownError;
    expect(error).toBeInstanceOf(HostKeyUnknownError);
    expect(error.detail.join('\n')).toContain('known_hosts:2 names a certificate authority');
    expect(error.detail.join('\n')).toContain('known_hosts:3 is not a known_hosts line');
  });

  it('cannot be judged by a file that cannot be read, which is said before anybody logs in', async () => {
    const host = sandbox.host(server.port, { knownHostsFile: sandbox.dir });
    const error = await errorOf(sandbox.connect(host));
    expect(error).toMatchObject({ code: 'E_KNOWN_HOSTS_FILE', exitCode: 1, where: { file: sandbox.dir } });
  });

  it('may stand in the system’s known_hosts when the inventory names no file', async () => {
    sandbox.write('ssh_known_hosts', `${at()} ${ED25519.public}\n`);
    const { identityFile } = sandbox;
    const ssh = { address: '127.0.0.1', port: server.port, user: 'core', identityFile };
    await sandbox.connect({ name: 'ns1', ssh });
  });
});

describe('trusting a host', () => {
  it('looks at the key without logging in, writes it once, and then the connection works', async () => {
    const { ssh } = sandbox.host(server.port);
    const [key] = await scanHostKey(ssh, { timeoutMs: 5000 });
    expect(key && fingerprint(key)).toBe(print(ED25519));
    const place = await knownHostsPlace(ssh);
    expect(place).toEqual({ file: sandbox.knownHostsFile, name: at() });
    if (key === undefined) throw new Error('no key');
    expect(await addKnownHost(place.file, ssh, key)).toBe(true);
    expect(await addKnownHost(place.file, ssh, key)).toBe(false);
    expect(sandbox.read('known_hosts')).toBe(`${at()} ${ED25519.public}\n`);
    await connect();
  });

  it('makes the file and its folder private, and keeps a last line without newline whole', async () => {
    const { ssh } = sandbox.host(server.port);
    const [key] = await scanHostKey(ssh);
    if (key === undefined) throw new Error('no key');
    const file = join(sandbox.dir, 'new/folder/known_hosts');
    await addKnownHost(file, ssh, key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(sandbox.dir, 'new/folder')).mode & 0o777).toBe(0o700);
    sandbox.write('known_hosts', `10.0.0.1 ${OTHER.public}`);
    await addKnownHost(sandbox.knownHostsFile, ssh, key);
    expect(sandbox.read('known_hosts')).toBe(`10.0.0.1 ${OTHER.public}\n${at()} ${ED25519.public}\n`);
  });

  it('hashes the name where all others are hashed', async () => {
    // ssh-keygen -H of "10.0.0.1": the salt and hash are ssh's own.
    known(`|1|Yr7rCkWGqpvLbQWn8XKJv7L3Bmg=|4WnSyJQFmbZPiZJGVcVOnEG4wq8= ${OTHER.public}`);
    const { ssh } = sandbox.host(server.port);
    const [key] = await scanHostKey(ssh);
    if (key === undefined) throw new Error('no key');
    await addKnownHost(sandbox.knownHostsFile, ssh, key);
    expect(sandbox.read('known_hosts')).not.toContain('127.0.0.1');
    expect(sandbox.read('known_hosts').trim().split('\n')[1]).toMatch(/^\|1\|[\w+/=]{28}\|[\w+/=]{28} ssh-ed25519 /);
    await connect();
  });

  it('never puts a second key of the same type beside the known one', async () => {
    known(`${at()} ${OTHER.public}`);
    const { ssh } = sandbox.host(server.port);
    const [key] = await scanHostKey(ssh);
    if (key === undefined) throw new Error('no key');
    await expect(addKnownHost(sandbox.knownHostsFile, ssh, key)).rejects.toThrow(HostKeyChangedError);
    expect(sandbox.read('known_hosts')).toBe(`${at()} ${OTHER.public}\n`);
  });

  it('of a host that does not answer fails as connecting does', async () => {
    const { ssh } = sandbox.host(server.port);
    await server.close();
    await expect(scanHostKey(ssh)).rejects.toMatchObject({ code: 'E_HOST_UNREACHABLE', reason: 'refused' });
  });
});
