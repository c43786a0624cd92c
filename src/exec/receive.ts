/** Where a fetched file or folder goes on this machine: staged, checked, and moved into place by one rename. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, mkdtemp, open, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errnoWords } from './errno-words.ts';
import { LocalFileError, TransferError } from './errors.ts';
import { makeFolder } from './make-folder.ts';
import { unpackTree } from './unpack.ts';

export class Receiver {
  readonly path: string;
  readonly #stage: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #written: Promise<void> = Promise.resolve();

  private constructor(path: string, stage: string, file: FileHandle) {
    this.path = path;
    this.#stage = stage;
    this.#file = file;
  }

  /** @throws LocalFileError when nothing can be written there. */
  static async create(folder: string, name: string): Promise<Receiver> {
    try {
      await makeFolder(resolve(folder));
      const stage = await mkdtemp(join(folder, '.coreos-infra-fetch.'));
      return new Receiver(join(folder, name), stage, await open(join(stage, 'stream'), 'wx', 0o600));
    } catch (cause) {
      throw new LocalFileError(`${folder} cannot be written: ${errnoWords(cause)}`, {
        remedy: 'Choose a folder that you may write.',
        cause,
      });
    }
  }

  /** Waited for by the connection: a slow disk makes the host wait, not our memory grow. One write after the other. */
  write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    this.#written = this.#written.then(() => this.#file.writeFile(bytes));
    return this.#written;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Puts what arrived into its place, if it is what the host sent.
   * @returns entries of a folder that were left out
   * @throws TransferError when it is not, or when something stands in the way
   */
  async finish(sent: {
    readonly kind: 'file' | 'tree';
    readonly mode: number;
    readonly sha256: string;
  }): Promise<readonly string[]> {
    await this.#written; // the last chunk may still be on its way to the disk when the host has ended
    if (this.#hash.copy().digest('hex') !== sent.sha256) {
      throw new TransferError(`what arrived (${this.#bytes} bytes) is not what the host sent; it was removed`, {
        remedy: 'Run it again.',
      });
    }
    await this.#refuseFolder(sent.kind);
    const stream = join(this.#stage, 'stream');
    if (sent.kind === 'file') {
      await chmod(stream, sent.mode);
      await this.#file.sync();
      await rename(stream, this.path);
      return [];
    }
    const tree = join(this.#stage, 'tree');
    await mkdir(tree, 0o700);
    const skipped = await unpackTree(createReadStream(stream), tree);
    await chmod(tree, sent.mode | 0o700);
    await rename(tree, this.path);
    return skipped;
  }

  /** Whatever happened, nothing but the finished file stays. */
  async dispose(): Promise<void> {
    await this.#written.catch(() => {});
    await this.#file.close().catch(() => {});
    await rm(this.#stage, { recursive: true, force: true });
    await rmdir(dirname(this.path)).catch(() => {}); // only if it is empty: a host that gave nothing gets no folder
  }

  async #refuseFolder(kind: 'file' | 'tree'): Promise<void> {
    const found = await lstat(this.path).catch(() => undefined);
    if (found === undefined || (kind === 'file' && found.isFile())) return;
    throw new TransferError(`${this.path} is there already${found.isDirectory() ? ', a folder' : ''}`, {
      remedy: 'Only a file is replaced, by a file. Fetch into another folder, or move it away.',
    });
  }
}
