/** Writes a tar archive in memory: regular files and folders with names, modes and owners. GNU format, for long names. */

export interface TarEntry {
  /** Relative; a trailing slash makes it a folder. */
  readonly name: string;
  readonly content?: Uint8Array;
  /** Default 0o600; folders 0o700. */
  readonly mode?: number;
  /** A name, or a number in decimal. Default root. */
  readonly owner?: string;
  readonly group?: string;
}

const BLOCK = 512;
/** The id that a name gets which the host does not know: nobody's, so that it can never pass for root's. */
const UNKNOWN_ID = 0o7777777 - 1;

/** The archive, ended by two empty blocks (tar(5)). The time of every entry is 0: the same entries give the same bytes. */
export function packTar(entries: readonly TarEntry[]): Uint8Array {
  const blocks = entries.flatMap(entryBlocks);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function entryBlocks(entry: TarEntry): readonly Uint8Array[] {
  const name = Buffer.from(entry.name);
  const content = entry.content ?? new Uint8Array();
  const folder = entry.name.endsWith('/');
  const long =
    name.length < 100
      ? []
      : [
          header(Buffer.from('././@LongLink'), {
            size: name.length + 1,
            type: 'L',
            mode: 0,
            owner: 'root',
            group: 'root',
          }),
          ...padded(Buffer.concat([name, Buffer.alloc(1)])),
        ];
  const fields = {
    size: content.length,
    type: folder ? '5' : '0',
    mode: entry.mode ?? (folder ? 0o700 : 0o600),
    owner: entry.owner ?? 'root',
    group: entry.group ?? 'root',
  };
  return [...long, header(name, fields), ...padded(content)];
}

interface HeaderFields {
  readonly size: number;
  readonly type: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

function header(name: Uint8Array, { size, type, mode, owner, group }: HeaderFields): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  block.set(name.subarray(0, 99), 0);
  const octal = (value: number, at: number, digits: number): void =>
    void block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  octal(mode, 100, 7);
  octal(numericId(owner), 108, 7);
  octal(numericId(group), 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write('ustar  \0', 257, 'latin1');
  block.write(nameOfId(owner), 265, 31, 'utf8');
  block.write(nameOfId(group), 297, 31, 'utf8');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function isNumber(owner: string): boolean {
  return /^[0-9]{1,6}$/.test(owner);
}

function numericId(owner: string): number {
  if (owner === 'root') return 0;
  return isNumber(owner) ? Number(owner) : UNKNOWN_ID;
}

function nameOfId(owner: string): string {
  return isNumber(owner) ? '' : owner;
}

function padded(content: Uint8Array): readonly Uint8Array[] {
  if (content.length === 0) return [];
  const rest = content.length % BLOCK;
  return rest === 0 ? [content] : [content, Buffer.alloc(BLOCK - rest)];
}
