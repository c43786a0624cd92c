/** Links that break, and links that we close. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LinkLostError } from '../../../src/ssh/index.ts';
import { errorOf, Sandbox } from './sandbox.ts';
import { endWith, type Script } from './scripted-sshd.ts';

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.end());

const connect = (script: Script) => sandbox.connectTo(script);
const asking = { what: 'asking', timeoutMs: 5000 };

describe('a link that is lost', () => {
  it('midway fails the command, and every later one at once', async () => {
    const { connection, server } = await connect({
      onExec: (channel) => {
        channel.write('half');
        setImmediate(() => server.sockets[0]?.resetAndDestroy());
      },
    });
    const error = await errorOf(connection.exec('x', asking));
    expect(error).toBeInstanceOf(LinkLostError);
    expect(error).toMatchObject({ exitCode: 4, host: 'ns1' });
    expect((error as Error).message).toContain('the connection was lost while asking: ');
    await expect(connection.exec('x', asking)).rejects.toThrow(LinkLostError);
    await expect(connection.start('x', asking)).rejects.toThrow(LinkLostError);
    await expect(connection.forward('127.0.0.1', 53, 1000)).rejects.toThrow(LinkLostError);
  });

  it('fails all commands that run at that moment', async () => {
    const { connection, server } = await connect({ onExec: () => {} });
    const running = [1, 2, 3].map(() => errorOf(connection.exec('x', asking)));
    await connection.exec('x', { what: 'waiting', timeoutMs: 100 }).catch(() => {});
    server.sockets[0]?.destroy();
    for (const error of await Promise.all(running)) expect(error).toBeInstanceOf(LinkLostError);
  });

  it('between two commands ends no process: nobody listens, and nothing is thrown', async () => {
    const { connection, server } = await connect({});
    expect((await connection.exec('x', asking)).code).toBe(0);
    const accidents: unknown[] = [];
    const onAccident = (error: unknown) => accidents.push(error);
    process.on('uncaughtException', onAccident);
    process.on('unhandledRejection', onAccident);
    server.sockets[0]?.resetAndDestroy();
    await expect(connection.exec('x', { ...asking, timeoutMs: 300 })).rejects.toThrow();
    process.off('uncaughtException', onAccident);
    process.off('unhandledRejection', onAccident);
    expect(accidents).toEqual([]);
  });

  it('right after the command ended takes nothing away from its result', async () => {
    const { connection, server } = await connect({
      onExec: (channel) => {
        channel.write('last words');
        channel.stderr.write('and others');
        endWith(channel, 0);
        channel.on('close', () => server.sockets[0]?.end());
      },
    });
    const result = await connection.exec('x', asking);
    expect(`${result.code} ${result.stdout} ${result.stderr}`).toBe('0 last words and others');
  });

  it('shows by a missing exit status, which is never a success', async () => {
    const { connection } = await connect({
      onExec: (channel) => {
        channel.write('done?');
        channel.end();
      },
    });
    await expect(connection.exec('x', asking)).rejects.toThrow('the host closed the channel without an exit status');
  });

  it('shows by keepalives that stay without an answer', async () => {
    const keepalive = { intervalMs: 40, countMax: 2 };
    const { connection, server } = await sandbox.connectTo({ onExec: () => {} }, { keepalive });
    const running = errorOf(connection.exec('x', asking));
    // The host hangs: its kernel takes what we send, its sshd reads nothing any more.
    server.sockets[0]?.pause();
    const error = await running;
    expect(error).toBeInstanceOf(LinkLostError);
    expect((error as Error).message).toContain('Keepalive timeout');
  });

  it('can be made anew once the host is back', async () => {
    const first = await connect({});
    const { port } = first.server;
    await first.server.close();
    await expect(first.connection.exec('x', asking)).rejects.toThrow(LinkLostError);
    const second = await connect({ onExec: (channel) => endWith(channel, 7) });
    expect(second.server.port).not.toBe(port);
    expect((await second.connection.exec('x', asking)).code).toBe(7);
  });
});

describe('closing', () => {
  it('ends what runs, and can be done twice', async () => {
    const { connection } = await connect({ onExec: () => {} });
    const running = errorOf(connection.exec('x', asking));
    await Promise.all([connection.close(), connection.close()]);
    expect(await running).toBeInstanceOf(LinkLostError);
    await connection.close();
  });

  it('takes no time when the host no longer answers', async () => {
    const { connection, server } = await connect({});
    server.sockets[0]?.pause();
    const start = performance.now();
    await connection.close();
    expect(performance.now() - start).toBeLessThan(450);
  });
});
