/** Files and folders to and from a real shell: complete and checked, or not there at all. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import tar from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostOutcome } from '../../../src/exec/events.ts';
import { makeFolder } from '../../../src/exec/make-folder.ts';
import { openParcel } from '../../../src/exec/parcel.ts';
import { runCopy } from '../../../src/exec/run-copy.ts';
import { runFetch } from '../../../src/exec/run-fetch.ts';
import { safeName, unpackTree } from '../../../src/exec/unpack.ts';
import { fleet } from './local-host.ts';

let dir: string;
let there: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coreos-infra-transfer-'));
  there = join(dir, 'there');
  mkdirSync(there);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, content: string | Buffer, mode = 0o644): string => {
  const path = join(dir, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};
const HOSTILE = '-we ird\'\n$(touch x)`"*ł';
const leftovers = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('.coreos-infra'));

async function copy(source: string, dest: string, mode?: string): Promise<HostOutcome> {
  const parcel = await openParcel(source, mode);
  const [outcome] = await runCopy(fleet(['ns1'], { cwd: there }), { parcel, source, dest, timeoutSec: 20 });
  if (outcome === undefined) throw new Error('no outcome');
  expect(leftovers(there)).toEqual([]);
  return outcome;
}

async function fetch(source: string): Promise<HostOutcome> {
  const [outcome] = await runFetch(fleet(['ns1'], { cwd: there }), { source, dir: join(dir, 'got'), timeoutSec: 20 });
  if (outcome === undefined) throw new Error('no outcome');
  if (existsSync(join(dir, 'got/ns1'))) expect(leftovers(join(dir, 'got/ns1'))).toEqual([]);
  return outcome;
}

describe('a folder that is made', () => {
  it('has those above it made too, may be there, and is told where it cannot be', { timeout: 20_000 }, async () => {
    await makeFolder(join(dir, 'a/b/c'));
    await makeFolder(join(dir, 'a/b/c'));
    expect(statSync(join(dir, 'a/b/c')).isDirectory()).toBe(true);
    writeFileSync(join(dir, 'file'), '');
    await expect(makeFolder(join(dir, 'file'))).rejects.toThrow('EEXIST');
    await expect(makeFolder(join(dir, 'file/x'))).rejects.toThrow('ENOTDIR');
    // Node's own way goes round in circles there.
    await expect(makeFolder('/proc/coreos-infra/ns1')).rejects.toThrow('ENOENT');
  });

  it('is made by whoever comes first: all hosts of a fetch need the same one at once', async () => {
    for (let round = 0; round < 50; round++) {
      const all = Array.from({ length: 8 }, (_, host) => join(dir, `round-${round}`, 'got', `ns${host}`));
      await Promise.all(all.map(makeFolder));
      expect(readdirSync(join(dir, `round-${round}`, 'got'))).toHaveLength(8);
    }
  });
});

describe('copy', () => {
  it('tells a folder in which a file grows while it is read, and leaves nothing behind', async () => {
    mkdirSync(join(dir, 'logs'));
    writeFileSync(join(dir, 'logs/log'), 'one\n');
    const parcel = await openParcel(join(dir, 'logs'), undefined);
    writeFileSync(join(dir, 'logs/log'), 'one\ntwo\n');
    const request = { parcel, source: 'logs', dest: 'logs', timeoutSec: 20 };
    const [outcome] = await runCopy(fleet(['ns1'], { cwd: there }), request);
    expect(outcome).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('changed while') } });
    // The host notices by itself, when no more comes.
    await expect.poll(() => readdirSync(there), { timeout: 15_000 }).toEqual([]);
  });

  it('puts a file of any bytes under any name, with its mode, and leaves it alone the second time', async () => {
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256));
    const source = file(HOSTILE, content, 0o640);
    expect(await copy(source, '.')).toMatchObject({ status: 'ok', done: { action: 'written', bytes: content.length } });
    expect(readFileSync(join(there, HOSTILE)).equals(content)).toBe(true);
    expect(statSync(join(there, HOSTILE)).mode & 0o777).toBe(0o640);
    expect(await copy(source, '.')).toMatchObject({ status: 'ok', done: { action: 'same' } });
  });

  it('gives the mode that was asked for, also to a file with the same content', async () => {
    const source = file('a', 'text');
    await copy(source, 'b');
    expect(await copy(source, 'b', '600')).toMatchObject({ done: { action: 'written' } });
    expect(statSync(join(there, 'b')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['a folder that is not there', 'no/b', 'there is no folder no'],
    ['a name that ends with a slash and is not there', 'no/', 'there is no folder no/'],
    ['a symbolic link', 'link', 'link is a symbolic link to target'],
    ['a name that is a folder there', 'full', 'full/a is a folder'],
    ['a pipe', 'pipe', 'pipe is no regular file'],
  ])('refuses %s', async (_what, dest, message) => {
    symlinkSync('target', join(there, 'link'));
    mkdirSync(join(there, 'full/a'), { recursive: true });
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', [join(there, 'pipe')]);
    const outcome = await copy(file('a', 'text'), dest);
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'E_TRANSFER' } });
    expect(outcome.error?.message).toContain(message);
    expect(existsSync(join(there, 'target'))).toBe(false);
  });

  it('puts nothing in place when the content is not what was announced', async () => {
    const source = file('a', 'text');
    const parcel = await openParcel(source);
    writeFileSync(source, 'tex!');
    const [outcome] = await runCopy(fleet(['ns1'], { cwd: there }), { parcel, source, dest: 'b', timeoutSec: 20 });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'E_TRANSFER' } });
    expect(readdirSync(there)).toEqual([]);
  });

  it('takes a folder with its modes and links, to where there is none', async () => {
    mkdirSync(join(dir, 'tree/sub'), { recursive: true });
    file('tree/sub/x', 'x'.repeat(5000), 0o755);
    file('tree/ł', '');
    symlinkSync('sub/x', join(dir, 'tree/link'));
    expect(await copy(join(dir, 'tree'), '.')).toMatchObject({ status: 'ok' });
    expect(readFileSync(join(there, 'tree/sub/x'), 'utf8')).toBe('x'.repeat(5000));
    expect(statSync(join(there, 'tree/sub/x')).mode & 0o777).toBe(0o755);
    expect(readlinkSync(join(there, 'tree/link'))).toBe('sub/x');
    const again = await copy(join(dir, 'tree'), '.');
    expect(again.error?.message).toContain('exists; a folder is only copied to where there is none');
  });

  it('says what cannot be read here before any host is asked', async () => {
    await expect(openParcel(join(dir, 'none'))).rejects.toMatchObject({ code: 'E_LOCAL_FILE' });
    await expect(openParcel('/dev/null')).rejects.toMatchObject({ code: 'E_LOCAL_FILE' });
  });
});

describe('fetch', () => {
  it('brings a file of any bytes and name into a folder of the host, and replaces it the next time', async () => {
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 256));
    writeFileSync(join(there, HOSTILE), content);
    chmodSync(join(there, HOSTILE), 0o640);
    for (const round of [1, 2]) expect(await fetch(HOSTILE), `round ${round}`).toMatchObject({ status: 'ok' });
    const path = join(dir, 'got/ns1', HOSTILE);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('leaves no folder behind for a host that has no such file', async () => {
    expect(await fetch('none')).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('none') },
    });
    expect(existsSync(join(dir, 'got/ns1'))).toBe(false);
  });

  it('brings a folder without its links, to where there is none', async () => {
    mkdirSync(join(there, 'tree/sub'), { recursive: true });
    writeFileSync(join(there, 'tree/sub/x'), 'x');
    symlinkSync('/etc/passwd', join(there, 'tree/link'));
    expect(await fetch('tree')).toMatchObject({ status: 'ok', done: { skipped: ['./link'] } });
    expect(readFileSync(join(dir, 'got/ns1/tree/sub/x'), 'utf8')).toBe('x');
    expect((await fetch('tree')).error?.message).toContain('is there already, a folder');
  });
});

describe('an archive from a host', () => {
  it.each([
    ['a/b', 'a/b'],
    ['./a', 'a'],
    ['./', ''],
    ['../a', undefined],
    ['a/../../b', undefined],
    ['/etc/passwd', undefined],
    ['a\0b', undefined],
  ])('entry %j goes to %j', (name, inner) => expect(safeName(name)).toBe(inner));

  it('cannot write outside its folder', async () => {
    const pack = tar.pack();
    pack.entry({ name: 'link', type: 'symlink', linkname: dir });
    pack.entry({ name: 'link/evil', type: 'file' }, 'evil');
    pack.entry({ name: '../evil', type: 'file' }, 'evil');
    pack.entry({ name: 'good', type: 'file', mode: 0o6777 }, 'good');
    pack.finalize();
    mkdirSync(join(dir, 'in'));
    const skipped = await unpackTree(Readable.from(pack), join(dir, 'in'));
    expect(skipped).toEqual(['link', '../evil']);
    expect(existsSync(join(dir, 'evil'))).toBe(false);
    expect(statSync(join(dir, 'in/good')).mode & 0o7777).toBe(0o777);
  });
});
