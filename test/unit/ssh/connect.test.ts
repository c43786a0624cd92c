/** Getting in: the ways in which a host does not answer, and the ways in which it says no. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AbortedError, AuthRefusedError, createTransport, HostUnreachableError } from '../../../src/ssh/index.ts';
import { errorOf, Sandbox } from './sandbox.ts';
import { endWith, newKeyPair } from './scripted-sshd.ts';

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.end());

const asking = { what: 'asking', timeoutMs: 5000 };
const failure = (port: number, timeoutMs = 5000) => errorOf(sandbox.connect(sandbox.host(port), { timeoutMs }));

describe('a host that does not answer', () => {
  it('after TCP connect is given up at the deadline, by the name of the step', async () => {
    const silent = await sandbox.startTcpServer(() => {});
    const start = performance.now();
    const error = await failure(silent.port, 200);
    expect(performance.now() - start).toBeLessThan(1500);
    expect(error).toBeInstanceOf(HostUnreachableError);
    expect(error).toMatchObject({
      message: `no answer in 0.2 s while exchanging keys with 127.0.0.1:${silent.port}`,
      reason: 'timeout',
      exitCode: 4,
      host: 'ns1',
    });
  });

  it('in the middle of the key exchange is given up too', async () => {
    const stalling = await sandbox.startTcpServer((socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'));
    expect(await failure(stalling.port, 200)).toMatchObject({ reason: 'timeout' });
  });

  it('after the key exchange is given up while logging in', async () => {
    const server = await sandbox.startSshd({ onLogin: () => {} });
    sandbox.trust(server);
    expect(await failure(server.port, 400)).toMatchObject({
      message: `no answer in 0.4 s while logging in as core at 127.0.0.1:${server.port}`,
    });
  });

  it('and whose port nobody listens on has refused', async () => {
    const gone = await sandbox.startTcpServer(() => {});
    await gone.close();
    expect(await failure(gone.port)).toMatchObject({
      message: `127.0.0.1:${gone.port} refused the connection`,
      reason: 'refused',
      exitCode: 4,
    });
  });

  it('because its name has no address is told by that name', async () => {
    // RFC 6761 §6.4: .invalid never exists.
    const host = sandbox.host(22, { address: 'ns1.invalid' });
    const error = await errorOf(sandbox.connect(host));
    expect(error).toMatchObject({ reason: 'dns', exitCode: 4 });
    expect((error as Error).message).toContain('ns1.invalid:22');
  });

  it('because it closes at once is unreachable, not refused', async () => {
    const closing = await sandbox.startTcpServer((socket) => socket.destroy());
    expect(await failure(closing.port)).toMatchObject({ code: 'E_HOST_UNREACHABLE', reason: 'closed' });
    const polite = await sandbox.startTcpServer((socket) => socket.end());
    expect(await failure(polite.port)).toMatchObject({ code: 'E_HOST_UNREACHABLE', reason: 'closed' });
  });

  it('because something else listens there is told what that said', async () => {
    const web = await sandbox.startTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await failure(web.port)).toMatchObject({ code: 'E_HOST_UNREACHABLE' });
  });

  it('is no longer waited for when the caller gives up', async () => {
    const silent = await sandbox.startTcpServer(() => {});
    const controller = new AbortController();
    const connecting = errorOf(createTransport().connect(sandbox.host(silent.port), { signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('Ctrl-C')), 20);
    const error = await connecting;
    expect(error).toBeInstanceOf(AbortedError);
    expect(error).toMatchObject({ exitCode: 130, cause: new Error('Ctrl-C') });
  });

  it('leaves no socket open after any of these', async () => {
    const closed: number[] = [];
    const silent = await sandbox.startTcpServer((socket) => socket.resume().on('close', () => closed.push(1)));
    await failure(silent.port, 100);
    await expect.poll(() => closed.length).toBe(1);
  });
});

describe('a login', () => {
  it('that is refused names the user and the keys that were shown', async () => {
    const server = await sandbox.startSshd({ accept: () => false });
    sandbox.trust(server);
    const error = await failure(server.port);
    expect(error).toBeInstanceOf(AuthRefusedError);
    expect(error).toMatchObject({
      exitCode: 4,
      message: `127.0.0.1:${server.port} does not let core in with this key`,
    });
    expect((error as AuthRefusedError).detail[0]).toMatch(
      new RegExp(`^${sandbox.identityFile} \\(ssh-ed25519 SHA256:`),
    );
  });

  it('that takes no keys at all says what the host takes', async () => {
    const server = await sandbox.startSshd();
    server.onClient((client) => {
      client.removeAllListeners('authentication');
      client.on('authentication', (context) => context.reject(['password']));
    });
    sandbox.trust(server);
    expect(((await failure(server.port)) as AuthRefusedError).detail).toContain('the host accepts: password');
  });

  it('that is cut off after the key was accepted may work later: a host that boots does so', async () => {
    const server = await sandbox.startSshd({
      banner: 'System is booting up. Unprivileged users are not permitted to log in yet.\n',
      onLogin: (socket) => socket.end(),
    });
    sandbox.trust(server);
    expect(await failure(server.port)).toMatchObject({
      code: 'E_HOST_UNREACHABLE',
      reason: 'closed',
      detail: ['System is booting up. Unprivileged users are not permitted to log in yet.'],
    });
  });

  it('works behind greetings and banners', async () => {
    const server = await sandbox.startSshd({
      greeting: 'Property of Example Ltd.\r\nKeep out.',
      banner: 'All sessions are recorded.\n'.repeat(50),
    });
    sandbox.trust(server);
    const connection = await sandbox.connect(sandbox.host(server.port));
    expect((await connection.exec('true', asking)).code).toBe(0);
    expect(connection.host).toBe('ns1');
  });

  it.each(['ecdsa', 'rsa'] as const)('works with a key of type %s', async (type) => {
    const key = newKeyPair(type);
    const accept = (offered: { blob: Buffer }) => offered.blob.toString('base64') === key.public.split(' ')[1];
    const server = await sandbox.startSshd({ accept });
    sandbox.trust(server);
    const host = sandbox.host(server.port, { identityFile: sandbox.write('other', key.private) });
    const connection = await sandbox.connect(host);
    expect((await connection.exec('true', asking)).code).toBe(0);
  });

  it('does not offer a password and does not ask for one', async () => {
    const server = await sandbox.startSshd({ accept: () => false });
    const methods: string[] = [];
    server.onClient((client) => client.on('authentication', (context) => methods.push(context.method)));
    sandbox.trust(server);
    await failure(server.port);
    expect([...new Set(methods)]).toEqual(['publickey']);
  });
});

describe('forwarding', () => {
  it('gives a stream to a port as the host reaches it', async () => {
    const { connection } = await sandbox.connectTo({
      onForward: (port, open) => {
        const channel = open();
        channel.on('data', (chunk: Buffer) => channel.end(`${port}:${chunk}`));
      },
    });
    const stream = await connection.forward('127.0.0.1', 8080, 1000);
    stream.write('ping');
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('8080:ping');
  });

  it('that the host refuses, or never answers, is an error with the address', async () => {
    const { connection } = await sandbox.connectTo({
      onForward: (port, open, refuse) => (port === 1 ? refuse() : port === 2 ? undefined : open()),
    });
    await expect(connection.forward('127.0.0.1', 1, 1000)).rejects.toThrow('ns1 could not connect to 127.0.0.1:1');
    await expect(connection.forward('192.0.2.1', 2, 50)).rejects.toThrow(
      'ns1 did not connect to 192.0.2.1:2 in 0.05 s',
    );
  });

  it('and commands share a connection', async () => {
    const { connection } = await sandbox.connectTo({
      onExec: (channel) => endWith(channel, 4),
      onForward: (_port, open) => void open(),
    });
    const [stream, result] = await Promise.all([
      connection.forward('127.0.0.1', 80, 1000),
      connection.exec('x', asking),
    ]);
    expect(result.code).toBe(4);
    stream.destroy();
  });
});
