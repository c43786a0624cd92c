/** What is kept of output of any size. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeptOutput } from '../../../src/exec/kept-output.ts';

function keep(chunks: readonly Buffer[], headMax = 8, tailMax = 4) {
  const output = new KeptOutput(headMax, tailMax);
  for (const chunk of chunks) output.push(chunk);
  return output.get();
}

describe('the output of a stream', () => {
  it('is kept whole up to the limit', () => {
    const kept = keep([Buffer.from('12345'), Buffer.from('678')]);
    expect(kept).toMatchObject({ head: Buffer.from('12345678'), tail: Buffer.alloc(0), cutBytes: 0, totalBytes: 8 });
  });

  it('loses its middle beyond that, and says how much', () => {
    const kept = keep([Buffer.from('12345678'), Buffer.from('a\nb\nc\nd\n'), Buffer.from('WXYZ')]);
    expect(kept).toMatchObject({ head: Buffer.from('12345678'), tail: Buffer.from('WXYZ'), cutBytes: 8 });
  });

  it('is the same whatever the packets it came in, and never grows beyond its limits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(40), { maxLength: 20 }), (bytes, cuts) => {
        const all = Buffer.from(bytes);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, all.length]) {
          chunks.push(all.subarray(at, at + cut));
          at = Math.min(all.length, at + cut);
        }
        const [one, many] = [keep([all]), keep(chunks)];
        expect(many.fingerprint).toBe(one.fingerprint);
        expect(many.totalBytes).toBe(all.length);
        expect(many.head).toEqual(all.subarray(0, 8));
        expect(many.tail.length).toBeLessThanOrEqual(4);
        expect(all.subarray(all.length - many.tail.length)).toEqual(many.tail);
      }),
    );
  });

  it('has another fingerprint when only the part that was cut differs', () => {
    const text = (middle: string) => [Buffer.from(`12345678${middle.repeat(20)}`), Buffer.from('WXYZ1234')];
    expect(keep(text('a')).tail).toEqual(keep(text('b')).tail);
    expect(keep(text('a')).fingerprint).not.toBe(keep(text('b')).fingerprint);
  });

  it('takes 200 MB in the memory of its limits', () => {
    const output = new KeptOutput();
    const chunk = Buffer.alloc(1024 * 1024, 'line of text\n');
    output.push(chunk);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200; i += 1) output.push(chunk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
    expect(output.get()).toMatchObject({ totalBytes: 201 * 1024 * 1024, cutBytes: 200 * 1024 * 1024 - 64 * 1024 });
  });
});
