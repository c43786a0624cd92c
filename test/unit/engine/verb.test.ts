/** What is made of a verb's lines: its last word, or why it failed. */
import { describe, expect, test } from 'vitest';
import type { RunContext } from '../../../src/engine/run-context.ts';
import { callFor } from '../../../src/engine/verb.ts';
import type { Connection } from '../../../src/ssh/transport.ts';

const ctx = { deadlines: { confirmMs: 1_000 } } as RunContext;

/** A host that answers with these lines. */
function answering(...lines: readonly object[]): Connection {
  const stdout = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return { host: 'ns2', exec: async () => ({ code: 0, stdout, stderr: Buffer.alloc(0) }) } as unknown as Connection;
}

function open(connection: Connection) {
  return callFor(ctx, connection, { command: 'x', stdin: new Uint8Array() }, 'opening the upgrade', 'opened');
}

const ERROR = {
  step: 'pin',
  error: 'ostree',
  message: 'the booted deployment cannot be pinned',
  detail: ['error: boom'],
};
const UNDONE = { step: 'reverted', id: 'a', notUndone: '' };

describe('a verb', () => {
  test('that ends as it should is its last line', async () => {
    const opened = { step: 'opened', id: 'a', generation: '3', zincati: 'active' };
    expect(await open(answering({ step: 'pin' }, opened))).toMatchObject({ kind: 'opened', generation: 3 });
  });

  test('that failed and undid what it had begun is told by why it failed', async () => {
    const error = {
      message: 'ns2: opening the upgrade: the booted deployment cannot be pinned',
      detail: ['error: boom'],
    };
    await expect(open(answering(ERROR, UNDONE))).rejects.toMatchObject(error);
    await expect(open(answering(ERROR))).rejects.toMatchObject(error);
  });

  test('that ends otherwise, without a reason, says how', async () => {
    await expect(open(answering(UNDONE))).rejects.toThrow('the host answered reverted instead of opened');
  });
});
