/** Bytes at the pace of the slower side: output that waits for its listener, input from a stream. */
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sandbox } from './sandbox.ts';
import { endWith, type Script } from './scripted-sshd.ts';

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.end());

const connect = (script: Script) => sandbox.connectTo(script);
const asking = { what: 'asking', timeoutMs: 15_000 };

describe('a command that streams', () => {
  it('reads no further while a promise of the listener is pending, and loses nothing', async () => {
    const sent = 8 * 1024 * 1024;
    let written = 0;
    const { connection } = await connect({
      onExec: (channel) => {
        const chunk = Buffer.alloc(32 * 1024, 'x');
        const more = () => {
          while (written < sent) {
            written += chunk.length;
            if (!channel.write(chunk)) return void channel.once('drain', more);
          }
          endWith(channel, 0);
        };
        more();
      },
    });
    let seen = 0;
    let ahead = 0;
    const onStdout = async (chunk: Buffer) => {
      seen += chunk.length;
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      ahead = Math.max(ahead, written - seen);
    };
    const result = await connection.exec('x', { ...asking, onStdout });
    expect([result.code, seen]).toEqual([0, sent]);
    expect(ahead).toBeLessThan(6 * 1024 * 1024);
  });

  it('sends a stream as stdin, and fails with the error of that stream', async () => {
    const { connection } = await connect({
      onExec: (channel) => {
        let count = 0;
        channel.on('data', (chunk: Buffer) => {
          count += chunk.length;
        });
        channel.on('end', () => {
          channel.write(String(count));
          endWith(channel, 0);
        });
      },
    });
    const chunk = Buffer.alloc(1024 * 1024);
    const result = await connection.exec('x', { ...asking, input: Readable.from([chunk, chunk, chunk]) });
    expect(result.stdout.toString()).toBe(String(3 * 1024 * 1024));
    const broken = new Error('the disk is gone');
    const input = new Readable({
      read() {
        this.destroy(broken);
      },
    });
    await expect(connection.exec('x', { ...asking, input })).rejects.toBe(broken);
  });
});
