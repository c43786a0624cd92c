/** Our own words among those of the host. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SignReader } from '../../../src/exec/signs.ts';

const NONCE = '00ff00ff';

function read(text: Buffer, sizes: readonly number[], until?: string) {
  const reader = new SignReader(NONCE, until);
  const signs: (readonly string[])[] = [];
  const rest: Buffer[] = [];
  let at = 0;
  for (const size of [...sizes, text.length]) {
    const found = reader.push(text.subarray(at, at + size));
    signs.push(...found.signs);
    rest.push(found.rest);
    at = Math.min(text.length, at + size);
  }
  rest.push(reader.end());
  return { signs, rest: Buffer.concat(rest) };
}

describe('stderr of a remote command', () => {
  it('is split into signs and the rest, whatever the packets', () => {
    const text = Buffer.from(
      `motd\n\x1e${NONCE} locked my%20host%0a\nhello \x1e\x1e${NONCE} run 12\nbye\x1e${NONCE.slice(0, 3)}`,
    );
    fc.assert(
      fc.property(fc.array(fc.nat(12), { maxLength: 30 }), (sizes) => {
        const { signs, rest } = read(text, sizes);
        expect(signs).toEqual([
          ['locked', 'my host\n'],
          ['run', '12'],
        ]);
        expect(rest.toString()).toBe(`motd\nhello \x1ebye\x1e${NONCE.slice(0, 3)}`);
      }),
    );
  });

  it('belongs to the command alone after the last sign', () => {
    const { signs, rest } = read(Buffer.from(`\x1e${NONCE} run 1\n\x1e${NONCE} run 2\n`), [], 'run');
    expect(signs).toEqual([['run', '1']]);
    expect(rest.toString()).toBe(`\x1e${NONCE} run 2\n`);
  });

  it('is not held back by a sign that never ends', () => {
    const reader = new SignReader(NONCE);
    const flood = Buffer.alloc(100_000, 'x');
    reader.push(Buffer.from(`\x1e${NONCE} `));
    expect(reader.push(flood).rest.length).toBeGreaterThan(100_000);
  });

  it('takes another nonce for text', () => {
    const text = Buffer.from('\x1eabcdabcd run 1\n');
    expect(read(text, [5])).toEqual({ signs: [], rest: text });
  });
});
