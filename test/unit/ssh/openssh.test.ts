/** The same connection against the real sshd and beside the real ssh, where they are installed. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  addKnownHost,
  type Connection,
  fingerprint,
  LinkLostError,
  opensshArgs,
  type SshHost,
  scanHostKey,
} from '../../../src/ssh/index.ts';
import { errorOf, Sandbox } from './sandbox.ts';

const SSHD = '/usr/sbin/sshd';
const isRoot = userInfo().uid === 0;
const missing = [SSHD, '/usr/bin/ssh', '/usr/bin/ssh-keygen'].find((path) => !existsSync(path));
if (missing !== undefined) process.stderr.write(`skipped: the tests beside OpenSSH need ${missing}\n`);

describe.skipIf(missing !== undefined)('beside OpenSSH', () => {
  let sandbox: Sandbox;
  let sshd: ChildProcess;
  let host: SshHost;
  let connection: Connection;
  const asking = { what: 'asking', timeoutMs: 15_000 };
  const run = (command: string, options = {}) => connection.exec(command, { ...asking, ...options });

  beforeAll(async () => {
    sandbox = new Sandbox();
    // A name that both we and ssh have to quote.
    mkdirSync(join(sandbox.dir, '100% of it'));
    const keygen = (type: string) => {
      const file = join(sandbox.dir, `host_${type}`);
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file]);
      return file;
    };
    const port = await freePort();
    if (isRoot) mkdirSync('/run/sshd', { recursive: true });
    const config = sandbox.write(
      'sshd_config',
      [
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `HostKey ${keygen('ed25519')}`,
        `HostKey ${keygen('rsa')}`,
        `AuthorizedKeysFile ${sandbox.write('authorized_keys', `${sandbox.clientKey.public}\n`)}`,
        'StrictModes no',
        'UsePAM no',
        'PermitRootLogin yes',
        `PidFile ${join(sandbox.dir, 'pid')}`,
        'MaxSessions 4',
      ].join('\n'),
    );
    chmodSync(sandbox.dir, 0o755);
    sshd = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: 'ignore' });
    const identityFile = sandbox.write('100% of it/key', sandbox.clientKey.private);
    const knownHostsFile = join(sandbox.dir, '100% of it/known_hosts');
    host = sandbox.host(port, { user: userInfo().username, identityFile, knownHostsFile });
    await vi.waitUntil(() => existsSync(join(sandbox.dir, 'pid')), { timeout: 10_000 });
  });

  afterAll(async () => {
    sshd.kill();
    await sandbox.end();
  });

  it('a host is unknown, then trusted by its fingerprint, then known to us and to ssh', async () => {
    await expect(sandbox.connect(host)).rejects.toMatchObject({ code: 'E_HOST_KEY_UNKNOWN' });
    const [key] = await scanHostKey(host.ssh, { timeoutMs: 10_000 });
    if (key === undefined || host.ssh.knownHostsFile === undefined) throw new Error('no key');
    const shown = execFileSync('ssh-keygen', ['-l', '-f', join(sandbox.dir, 'host_ed25519.pub')], { encoding: 'utf8' });
    expect(shown).toContain(fingerprint(key));
    await addKnownHost(host.ssh.knownHostsFile, host.ssh, key);
    connection = await sandbox.connect(host, { timeoutMs: 10_000 });
    expect((await run('echo hello')).stdout.toString()).toBe('hello\n');
    const ssh = spawnSync('ssh', [...opensshArgs(host.ssh, host.name), "echo 'a  b'"], { encoding: 'utf8' });
    expect(ssh).toMatchObject({ status: 0, stdout: 'a  b\n' });
  });

  it('exit codes, signals and both outputs come through', async () => {
    expect(await run('echo out; echo err >&2; exit 41')).toEqual({
      code: 41,
      stdout: Buffer.from('out\n'),
      stderr: Buffer.from('err\n'),
    });
    expect(await run('kill -TERM $$')).toMatchObject({ code: 143, signal: 'TERM' });
  });

  it('20 MB go in and come out unchanged', async () => {
    const stdin = Buffer.alloc(20 * 1024 * 1024, 'żółw');
    const { stdout } = await run('cat', { stdin, maxOutputBytes: stdin.length });
    expect(stdout.equals(stdin)).toBe(true);
  });

  it('a command that does not read its input still tells its exit code', async () => {
    expect((await run('exit 3', { stdin: Buffer.alloc(20 * 1024 * 1024) })).code).toBe(3);
  });

  it('more commands at once than MaxSessions are refused, not lost', async () => {
    const all = await Promise.allSettled(Array.from({ length: 6 }, () => run('sleep 0.3')));
    const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused.length).toBeGreaterThanOrEqual(2);
    for (const error of refused) expect(error).toMatchObject({ code: 'E_CHANNEL_REFUSED' });
    expect((await run('true')).code).toBe(0);
  });

  it('a dialogue waits and goes on', async () => {
    const dialogue = await connection.start('echo ready; read -r answer; echo "got $answer"', asking);
    const lines: string[] = [];
    for await (const line of dialogue.lines) {
      lines.push(line);
      if (line === 'ready') await dialogue.write('go\n');
    }
    expect(lines).toEqual(['ready', 'got go']);
    expect((await dialogue.result).code).toBe(0);
  });

  it('a forward reaches a port of the host', async () => {
    const server = await sandbox.startTcpServer((socket) => socket.end('from the other side'));
    const stream = await connection.forward('127.0.0.1', server.port, 5000);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('from the other side');
    await expect(connection.forward('127.0.0.1', await freePort(), 5000)).rejects.toMatchObject({
      code: 'E_FORWARD_REFUSED',
    });
  });

  it('a session that is killed is a lost link', async () => {
    const victim = await sandbox.connect(host, { timeoutMs: 10_000 });
    // The parent of the command's shell is the sshd process of this very connection.
    expect(await errorOf(victim.exec('kill -9 $PPID; sleep 5', asking))).toBeInstanceOf(LinkLostError);
    expect((await run('true')).code).toBe(0);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
