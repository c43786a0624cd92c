/** Talking with a command: lines in, answers out, and every way in which the talk can end. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  AbortedError,
  DeadlineError,
  InputClosedError,
  LinkLostError,
  OutputTooLargeError,
} from '../../../src/ssh/index.ts';
import { LineSplitter } from '../../../src/ssh/lines.ts';
import { errorOf, Sandbox } from './sandbox.ts';
import { endWith, type Script } from './scripted-sshd.ts';

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.end());

const talking = { what: 'applying', timeoutMs: 5000 };
const start = async (onExec: NonNullable<Script['onExec']>, options = {}) => {
  const { connection, server } = await sandbox.connectTo({ onExec });
  return { server, dialogue: await connection.start('apply', { ...talking, ...options }) };
};

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const seen: string[] = [];
  for await (const line of lines) seen.push(line);
  return seen;
}

describe('a dialogue', () => {
  it('waits for a line, answers, and reads on where it stopped', async () => {
    const { dialogue } = await start((channel) => {
      channel.write('staged\nready\n');
      channel.on('data', (chunk: Buffer) => {
        channel.write(`got ${chunk}done`);
        endWith(channel, 0);
      });
    });
    for await (const line of dialogue.lines) if (line === 'ready') break;
    await dialogue.write('go\n');
    expect(await all(dialogue.lines)).toEqual(['got go', 'done']);
    expect(await dialogue.result).toMatchObject({ code: 0 });
  });

  it('sends what stdin is given first and keeps it open', async () => {
    let input = '';
    const { dialogue } = await start(
      (channel) => {
        channel.on('data', (chunk: Buffer) => {
          input += chunk;
        });
        channel.on('end', () => endWith(channel, 6));
      },
      { stdin: 'script;' },
    );
    await dialogue.write('more');
    dialogue.endInput();
    expect((await dialogue.result).code).toBe(6);
    expect(input).toBe('script;more');
  });

  it('collects stderr, and a failed command is a result', async () => {
    const { dialogue } = await start((channel) => {
      channel.stderr.write('no space left\n');
      endWith(channel, 28);
    });
    expect(await all(dialogue.lines)).toEqual([]);
    expect((await dialogue.result).stderr.toString()).toBe('no space left\n');
  });

  it('ends its lines when the link is lost, and the result says so', async () => {
    const { dialogue, server } = await start((channel) => {
      channel.write('one\ntw');
      setTimeout(() => server.sockets[0]?.destroy(), 20);
    });
    expect(await all(dialogue.lines)).toEqual(['one', 'tw']);
    await expect(dialogue.result).rejects.toThrow(LinkLostError);
    await expect(dialogue.write('go\n')).rejects.toThrow(LinkLostError);
  });

  it('ends at its deadline', async () => {
    const { dialogue } = await start(() => {}, { timeoutMs: 100 });
    expect(await all(dialogue.lines)).toEqual([]);
    await expect(dialogue.result).rejects.toThrow(DeadlineError);
  });

  it('can be given up', async () => {
    const { dialogue } = await start(() => {});
    dialogue.abort();
    await expect(dialogue.result).rejects.toThrow(AbortedError);
    expect(await all(dialogue.lines)).toEqual([]);
  });

  it('with a command that is over takes no more input', async () => {
    const { dialogue } = await start((channel) => endWith(channel, 1));
    await dialogue.result;
    expect(await errorOf(dialogue.write('go\n'))).toBeInstanceOf(InputClosedError);
    dialogue.endInput();
  });

  it('does not hang in a write that the command never reads', async () => {
    const { dialogue } = await start((channel) => setTimeout(() => endWith(channel, 1), 30));
    // More than the channel's window, so that the bytes wait for a reader.
    expect(await errorOf(dialogue.write(Buffer.alloc(8 * 1024 * 1024)))).toBeInstanceOf(InputClosedError);
    expect((await dialogue.result).code).toBe(1);
  });

  it('with a host that never ends its line is given up', async () => {
    const { dialogue } = await start((channel) => channel.write(Buffer.alloc(3 * 1024 * 1024, 65)));
    await all(dialogue.lines);
    await expect(dialogue.result).rejects.toThrow(OutputTooLargeError);
    await expect(dialogue.result).rejects.toThrow('applying: a line of more than 1048576 bytes');
  });
});

describe('lines', () => {
  it('are the same however the bytes are cut', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', 'ż', '€', '\r', '😀') });
    fc.assert(
      fc.property(text, fc.array(fc.nat(40)), (whole, cuts) => {
        const bytes = Buffer.from(whole);
        const splitter = new LineSplitter(1000);
        const lines: string[] = [];
        let from = 0;
        for (const cut of [...cuts, bytes.length]) {
          lines.push(...splitter.push(bytes.subarray(from, from + cut)));
          from += cut;
        }
        lines.push(...splitter.end());
        const expected = whole.split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(lines).toEqual(expected);
      }),
    );
  });
});
