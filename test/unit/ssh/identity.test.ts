/** Which keys are shown: files as strictly as ssh reads them, the agent where it is needed. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthRefusedError, KeyFileError } from '../../../src/ssh/index.ts';
import { inspectKeyFile } from '../../../src/ssh/key-format.ts';
import { errorOf, Sandbox } from './sandbox.ts';
import { type KeyPair, newKeyPair, type Script, type ScriptedSshd } from './scripted-sshd.ts';

const OTHER = newKeyPair();
const ENCRYPTED = newKeyPair('ed25519', 'secret');
const hasAgent = spawnSync('ssh-agent', ['-?']).error === undefined;

let sandbox: Sandbox;
let shown: string[];
beforeEach(() => {
  sandbox = new Sandbox();
  shown = [];
});
afterEach(() => sandbox.end());

/** A server that writes down the keys that it is shown, in their order, and lets in who has one of `good`. */
async function server(...good: readonly KeyPair[]): Promise<ScriptedSshd> {
  const accept: Script['accept'] = ({ blob }) => {
    const base64 = blob.toString('base64');
    if (shown.at(-1) !== base64) shown.push(base64);
    return good.some((pair) => pair.public.endsWith(base64));
  };
  const started = await sandbox.startSshd({ accept });
  sandbox.trust(started);
  return started;
}

/** A host for which the inventory names no key. */
function unnamed(at: ScriptedSshd): Parameters<Sandbox['connect']>[0] {
  const { knownHostsFile } = sandbox;
  return { name: 'ns1', ssh: { address: '127.0.0.1', port: at.port, user: 'core', knownHostsFile } };
}

const base64 = (...pairs: readonly KeyPair[]) => pairs.map((pair) => pair.public.split(' ')[1]);
const failure = async (identityFile: string) => {
  const at = await server();
  return (await errorOf(sandbox.connect(sandbox.host(at.port, { identityFile })))) as KeyFileError;
};

describe('a key file of the inventory', () => {
  it('that does not exist is named, and the host is not asked', async () => {
    const error = await failure(join(sandbox.dir, 'nowhere'));
    expect(error).toBeInstanceOf(KeyFileError);
    expect(error).toMatchObject({ exitCode: 1, message: `${sandbox.dir}/nowhere: no such key file` });
    expect(shown).toEqual([]);
  });

  it('that others may read is refused, as by ssh', async () => {
    chmodSync(sandbox.identityFile, 0o640);
    const error = await failure(sandbox.identityFile);
    expect(error).toBeInstanceOf(KeyFileError);
    expect(error.message).toContain('others may read this private key (mode 0640)');
    expect(error.remedy).toBe(`Close it: chmod 600 ${sandbox.identityFile}`);
  });

  it.each([
    ['a folder', () => sandbox.dir],
    ['something else', () => sandbox.write('id', 'hello')],
    ['empty', () => sandbox.write('id', '')],
  ])('that is %s is no key', async (_, path) => {
    const file = path();
    chmodSync(file, 0o700);
    expect(await failure(file)).toMatchObject({ code: 'E_KEY_FILE', where: { file } });
  });

  it('that is encrypted needs the agent, and ssh-add is named', async () => {
    const error = await failure(sandbox.write('id', ENCRYPTED.private));
    expect(error).toBeInstanceOf(KeyFileError);
    expect(error.message).toBe(`${sandbox.dir}/id is encrypted, and no agent holds the key`);
    expect(error.remedy).toBe(`Give it to the agent: ssh-add ${sandbox.dir}/id`);
  });
});

describe('without a key in the inventory', () => {
  it('the usual files are tried in ssh’s order', async () => {
    sandbox.write('config', '');
    execFileSync('mkdir', ['-p', join(sandbox.dir, '.ssh')]);
    sandbox.write('.ssh/id_ed25519', OTHER.private);
    sandbox.write('.ssh/id_rsa', sandbox.clientKey.private);
    await sandbox.connect(unnamed(await server(sandbox.clientKey)));
    expect(shown).toEqual(base64(OTHER, sandbox.clientKey));
  });

  it('and without any usable one, it says what it looked for', async () => {
    const error = (await errorOf(sandbox.connect(unnamed(await server())))) as KeyFileError;
    expect(error.message).toBe('there is no SSH key to log in with');
    expect(error.detail.join()).toContain('.ssh/id_ed25519');
    expect(error.detail.join()).toContain('SSH_AUTH_SOCK is not set');
  });

  it('an unusable one does not stop the others, and is named if they are refused', async () => {
    execFileSync('mkdir', ['-p', join(sandbox.dir, '.ssh')]);
    sandbox.write('.ssh/id_ed25519', ENCRYPTED.private);
    sandbox.write('.ssh/id_rsa', OTHER.private);
    const error = (await errorOf(sandbox.connect(unnamed(await server())))) as AuthRefusedError;
    expect(error).toBeInstanceOf(AuthRefusedError);
    expect(error.detail.join('\n')).toContain('id_ed25519 is encrypted, and no agent holds the key');
  });

  it('the files of ssh_config are tried, missing ones left out', async () => {
    const key = sandbox.write('work key', sandbox.clientKey.private);
    sandbox.write('config', `Host 127.*\n  IdentityFile ~/missing\n  IdentityFile "${key}"\n`);
    await sandbox.connect(unnamed(await server(sandbox.clientKey)));
    expect(shown).toEqual(base64(sandbox.clientKey));
  });
});

describe.skipIf(!hasAgent)('with an agent', () => {
  async function withAgent(...keys: readonly KeyPair[]): Promise<string> {
    const socket = join(sandbox.dir, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    sandbox.keep({ close: async () => void agent.kill() });
    await expect.poll(() => existsSync(socket)).toBe(true);
    for (const [index, key] of keys.entries()) {
      const file = sandbox.write(`agent-key-${index}`, key.private);
      execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
    }
    return socket;
  }
  const environment = (agentSocket: string) => ({ environment: { ...sandbox.environment, agentSocket } });

  it('its keys are tried', async () => {
    const rsa = newKeyPair('rsa');
    const socket = await withAgent(OTHER, rsa);
    const connection = await sandbox.connect(unnamed(await server(rsa)), environment(socket));
    expect((await connection.exec('true', { what: 'asking', timeoutMs: 1000 })).code).toBe(0);
    expect(shown).toEqual(base64(OTHER, rsa));
  });

  it('an encrypted key of the inventory is used from there, and only that one', async () => {
    const plain = newKeyPair();
    const socket = await withAgent(OTHER, plain);
    // The file shows its public half though it is locked; the agent holds the same key unlocked.
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'secret', '-f', sandbox.write('locked', plain.private)]);
    const identityFile = join(sandbox.dir, 'locked');
    await sandbox.connect(sandbox.host((await server(plain)).port, { identityFile }), environment(socket));
    expect(shown).toEqual(base64(plain));
  });

  it('a public key may name one of its keys', async () => {
    const socket = await withAgent(OTHER, sandbox.clientKey);
    const identityFile = sandbox.write('id.pub', `${sandbox.clientKey.public} me@desk\n`, 0o644);
    await sandbox.connect(sandbox.host((await server(sandbox.clientKey)).port, { identityFile }), environment(socket));
    expect(shown).toEqual(base64(sandbox.clientKey));
  });

  it('IdentitiesOnly keeps its other keys back', async () => {
    const socket = await withAgent(OTHER);
    sandbox.write('config', `IdentityFile ${sandbox.identityFile}\nIdentitiesOnly yes\n`);
    await errorOf(sandbox.connect(unnamed(await server()), environment(socket)));
    expect(shown).toEqual(base64(sandbox.clientKey));
  });

  it('that is gone the usual files still work', async () => {
    sandbox.write('config', `IdentityFile ${sandbox.identityFile}\n`);
    await sandbox.connect(unnamed(await server(sandbox.clientKey)), environment(join(sandbox.dir, 'gone')));
    expect(shown).toEqual(base64(sandbox.clientKey));
  });
});

describe('the text of a key file', () => {
  it('tells plain, encrypted, public and none apart', () => {
    expect(inspectKeyFile(OTHER.private)).toMatchObject({ kind: 'private', isEncrypted: false });
    expect(inspectKeyFile(ENCRYPTED.private)).toMatchObject({ kind: 'private', isEncrypted: true });
    expect(inspectKeyFile(`${OTHER.public} me`)).toMatchObject({ kind: 'public' });
    expect(inspectKeyFile('-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n')).toMatchObject({
      isEncrypted: true,
    });
    expect(inspectKeyFile('-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END')).toEqual({ kind: 'other' });
    expect(inspectKeyFile('')).toEqual({ kind: 'other' });
  });
});
