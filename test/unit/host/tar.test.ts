import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packTar, type TarEntry } from '../../../src/host/tar.ts';
import { unpack } from './unpack.ts';

const name = fc
  .stringMatching(/^[^/\0]{1,200}$/u)
  .filter(
    (text) => text !== '.' && text !== '..' && Buffer.byteLength(text) <= 255 && Buffer.from(text).toString() === text,
  );

describe('packTar', () => {
  it('gives back names, modes, owners and contents of any files', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            name,
            content: fc.uint8Array({ maxLength: 1500 }),
            mode: fc.integer({ min: 0, max: 0o7777 }),
            owner: fc.constantFrom('root', 'core', '65532'),
          }),
          { maxLength: 6 },
        ),
        async (files) => {
          const entries: TarEntry[] = files.map((file, index) => ({
            ...file,
            name: `new/${index}/${file.name}`,
            group: file.owner,
          }));
          const seen = await unpack(packTar(entries));
          expect(seen).toEqual(
            files.map((file, index) => ({
              name: `new/${index}/${file.name}`,
              type: 'file',
              mode: file.mode,
              owner: `${file.owner}:${file.owner}`,
              content: Buffer.from(file.content),
            })),
          );
        },
      ),
    );
  });

  it('is a multiple of the block size and the same each time', () => {
    const entries = [{ name: 'a', content: Buffer.from('x') }, { name: 'objects/' }];
    expect(packTar(entries).length % 512).toBe(0);
    expect(packTar(entries)).toEqual(packTar(entries));
  });

  describe('as GNU tar reads it', () => {
    let folder = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'tar-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('unpacks hostile and long names, and folders', () => {
      const names = [
        "o'b\ns",
        '-rf',
        '$(reboot)',
        'ä'.repeat(120),
        '*',
        ' ',
        'a\\n',
        `${'x'.repeat(99)}`,
        `${'y'.repeat(100)}`,
        'z'.repeat(255),
      ];
      const archive = join(folder, 'a.tar');
      writeFileSync(
        archive,
        packTar([
          { name: 'objects/' },
          ...names.map((each, index) => ({ name: `new/0/${each}`, content: Buffer.from(String(index)) })),
        ]),
      );
      execFileSync('tar', ['-xf', archive, '-C', folder, '--no-same-owner', '--', 'new/0', 'objects/']);
      const contents = names.map((each) => readFileSync(join(folder, 'new/0', each), 'utf8'));
      expect(contents).toEqual(names.map((_, index) => String(index)));
    });
  });
});
