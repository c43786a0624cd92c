/** Commands over a connection: what comes back, and every way in which they can fail. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AbortedError, ChannelRefusedError, DeadlineError, OutputTooLargeError } from '../../../src/ssh/index.ts';
import { errorOf, Sandbox } from './sandbox.ts';
import { endWith, type Script } from './scripted-sshd.ts';

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.end());

const connect = (script: Script) => sandbox.connectTo(script);
const asking = { what: 'asking', timeoutMs: 5000 };

describe('a command that ends', () => {
  it('gives exit code, stdout and stderr as bytes', async () => {
    const { connection } = await connect({
      onExec: (channel, command) => {
        channel.write(`ran ${command}`);
        channel.stderr.write('oops');
        endWith(channel, 3);
      },
    });
    const result = await connection.exec('uptime -p', asking);
    expect(result).toEqual({ code: 3, stdout: Buffer.from('ran uptime -p'), stderr: Buffer.from('oops') });
  });

  it('keeps a character together that arrives in two pieces', async () => {
    const bytes = Buffer.from('zażółć €');
    const { connection } = await connect({
      onExec: (channel) => {
        let at = 0;
        const next = () => {
          if (at === bytes.length) return endWith(channel, 0);
          channel.write(bytes.subarray(at, at + 1));
          at += 1;
          setImmediate(next);
        };
        next();
      },
    });
    expect((await connection.exec('x', asking)).stdout.toString('utf8')).toBe('zażółć €');
  });

  it('gives 128 + n and the name when a signal killed it', async () => {
    const { connection } = await connect({
      onExec: (channel) => {
        channel.exit('KILL', false, 'killed');
        channel.end();
      },
    });
    expect(await connection.exec('x', asking)).toMatchObject({ code: 137, signal: 'KILL' });
  });

  it('hands output over as it comes when asked to, and then does not collect it', async () => {
    const { connection } = await connect({
      onExec: (channel) => {
        channel.write('out');
        channel.stderr.write('err');
        endWith(channel, 0);
      },
    });
    const seen: string[] = [];
    const result = await connection.exec('x', { ...asking, onStdout: (chunk) => seen.push(chunk.toString()) });
    expect(seen.join('')).toBe('out');
    expect(result.stdout).toHaveLength(0);
    expect(result.stderr.toString()).toBe('err');
  });

  it('fails with the error that a listener threw, and leaves the connection alone', async () => {
    const { connection } = await connect({
      onExec: (channel) => {
        channel.write('out');
        endWith(channel, 0);
      },
    });
    const boom = new Error('boom');
    const onStdout = () => {
      throw boom;
    };
    await expect(connection.exec('x', { ...asking, onStdout })).rejects.toBe(boom);
    expect((await connection.exec('x', asking)).code).toBe(0);
  });

  it('runs many commands at once on one connection', async () => {
    const { connection } = await connect({
      onExec: (channel, command) => {
        channel.write(command);
        endWith(channel, Number(command));
      },
    });
    const results = await Promise.all(Array.from({ length: 10 }, (_, i) => connection.exec(String(i), asking)));
    expect(results.map((result) => [result.code, result.stdout.toString()])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i, String(i)]),
    );
  });
});

describe('more commands than sshd allows at once', () => {
  it('wait for each other, and one that gives up waiting leaves its place', async () => {
    let now = 0;
    let most = 0;
    const { connection } = await connect({
      onExec: (channel) => {
        now += 1;
        most = Math.max(most, now);
        setTimeout(() => {
          now -= 1;
          endWith(channel, 0);
        }, 10);
      },
    });
    const impatient = { what: 'hurrying', timeoutMs: 1 };
    const all = Array.from({ length: 30 }, (_, i) => connection.exec('x', i % 10 === 9 ? impatient : asking));
    const ended = await Promise.allSettled(all);
    expect(ended.filter((one) => one.status === 'fulfilled')).toHaveLength(27);
    expect(most).toBe(8);
    expect((await connection.exec('x', asking)).code).toBe(0);
  });
});

describe('the next command on a connection', () => {
  it('does not wait for a delayed acknowledgement (40 ms each, with Nagle)', async () => {
    const { connection } = await connect({});
    await connection.exec('x', asking);
    const times: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      const start = performance.now();
      await connection.exec('x', asking);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    expect(times[4]).toBeLessThan(25);
  });
});

describe('stdin', () => {
  it('arrives whole, 20 MB of it, at a command that reads slowly', async () => {
    let bytes = 0;
    const { connection } = await connect({
      onExec: (channel) => {
        channel.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          channel.pause();
          setImmediate(() => channel.resume());
        });
        channel.on('end', () => endWith(channel, 0));
      },
    });
    const stdin = Buffer.alloc(20 * 1024 * 1024, 7);
    expect((await connection.exec('cat >/dev/null', { ...asking, timeoutMs: 15_000, stdin })).code).toBe(0);
    expect(bytes).toBe(stdin.length);
  });

  it('that the command does not read is no error: its exit code counts', async () => {
    const { connection } = await connect({ onExec: (channel) => endWith(channel, 9) });
    const stdin = Buffer.alloc(20 * 1024 * 1024);
    expect((await connection.exec('exit 9', { ...asking, stdin })).code).toBe(9);
    expect((await connection.exec('exit 9', asking)).code).toBe(9);
  });

  it('is closed at once when there is none', async () => {
    const { connection } = await connect({
      onExec: (channel) => {
        channel.resume();
        channel.on('end', () => endWith(channel, 0));
      },
    });
    expect((await connection.exec('cat', asking)).code).toBe(0);
  });
});

describe('output', () => {
  const flood =
    (total: number): NonNullable<Script['onExec']> =>
    (channel) => {
      const chunk = Buffer.alloc(256 * 1024, 65);
      let left = total;
      const more = () => {
        while (left > 0) {
          left -= chunk.length;
          if (!channel.write(chunk)) {
            channel.once('drain', more);
            return;
          }
        }
        endWith(channel, 0);
      };
      more();
    };

  it('of 100 MB is streamed without being kept', async () => {
    const { connection } = await connect({ onExec: flood(100 * 1024 * 1024) });
    let bytes = 0;
    const result = await connection.exec('x', {
      what: 'reading',
      timeoutMs: 18_000,
      maxOutputBytes: Number.POSITIVE_INFINITY,
      onStdout: (chunk) => {
        bytes += chunk.length;
      },
    });
    expect(result.code).toBe(0);
    expect(bytes).toBe(100 * 1024 * 1024);
  });

  it('over the limit ends the command with an error that names the limit', async () => {
    const { connection } = await connect({ onExec: flood(100 * 1024 * 1024) });
    const error = await errorOf(connection.exec('x', asking));
    expect(error).toBeInstanceOf(OutputTooLargeError);
    expect((error as Error).message).toBe('asking: more than 16777216 bytes of output');
  });
});

describe('a command without an end', () => {
  it('is given up at its deadline, with what it said on stderr', async () => {
    const { connection } = await connect({
      onExec: (channel) => {
        channel.stderr.write('waiting for the lock\n');
      },
    });
    const error = await errorOf(connection.exec('x', { what: 'applying', timeoutMs: 150 }));
    expect(error).toBeInstanceOf(DeadlineError);
    expect(error).toMatchObject({
      message: 'applying: not done after 0.15 s',
      host: 'ns1',
      detail: ['waiting for the lock'],
    });
  });

  it('whose channel never opens is given up at its deadline too', async () => {
    const { connection } = await connect({ isDeafToChannels: true });
    await expect(connection.exec('x', { what: 'observing', timeoutMs: 100 })).rejects.toThrow(
      'observing: sshd opened no channel after 0.1 s',
    );
  });

  it('may be waited for as long as anybody likes', async () => {
    const { connection } = await connect({ onExec: (channel) => setTimeout(() => endWith(channel, 2), 20) });
    const forever = { what: 'waiting', timeoutMs: Number.POSITIVE_INFINITY };
    expect((await connection.exec('x', forever)).code).toBe(2);
  });

  it('ends when the caller says so', async () => {
    const { connection } = await connect({ onExec: () => {} });
    const controller = new AbortController();
    const running = errorOf(connection.exec('x', { ...asking, signal: controller.signal }));
    controller.abort(new Error('Ctrl-C'));
    const error = await running;
    expect(error).toBeInstanceOf(AbortedError);
    expect(error).toMatchObject({ exitCode: 130, cause: new Error('Ctrl-C') });
    await expect(connection.exec('x', { ...asking, signal: controller.signal })).rejects.toThrow(AbortedError);
  });

  it('that sshd refuses to start is refused, not lost', async () => {
    const { connection } = await connect({ refusesExec: true });
    await expect(connection.exec('x', asking)).rejects.toThrow(ChannelRefusedError);
  });
});
