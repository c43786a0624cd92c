/** Reads a tar archive with a reader that is not ours. */
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';

export interface Member {
  readonly name: string;
  readonly type: string | null | undefined;
  readonly mode: number | undefined;
  /** Names where there are any, else numbers. */
  readonly owner: string;
  readonly content: Buffer;
}

export async function unpack(archive: Uint8Array): Promise<readonly Member[]> {
  const members: Member[] = [];
  const reader = extract();
  Readable.from([Buffer.from(archive)]).pipe(reader);
  for await (const entry of reader) {
    const { name, type, mode, uname, uid, gname, gid } = entry.header;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(Buffer.from(chunk as Uint8Array));
    members.push({ name, type, mode, owner: `${uname || uid}:${gname || gid}`, content: Buffer.concat(chunks) });
  }
  return members;
}
