/** Reads a change set's bundle as the helper does: its plan, its new files, its manifest. */
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';

export interface FakeFile {
  content: string;
  mode: string;
  owner: string;
  group: string;
}

export interface Unpacked {
  readonly id: string;
  readonly written: ReadonlyMap<string, FakeFile>;
  readonly deleted: readonly string[];
  readonly started: readonly string[];
  readonly managed: string[];
}

/** Reads the bundle as the helper does: the tar behind the script, its plan, its new files. */
export async function unpack(bytes: Buffer): Promise<Unpacked> {
  const tar = extract();
  Readable.from([bytes]).pipe(tar);
  const entries = new Map<string, Buffer>();
  for await (const entry of tar) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    entries.set(entry.header.name, Buffer.concat(parts));
  }
  const plan = (entries.get('plan') ?? Buffer.alloc(0)).toString('utf8').split('\0');
  const folders = new Map<string, string>();
  const written = new Map<string, FakeFile>();
  const deleted: string[] = [];
  const started: string[] = [];
  for (let i = plan.indexOf('entries') + 1; i < plan.length; i++) {
    if (plan[i] === 'folder') folders.set(plan[i + 1] ?? '', plan[i + 2] ?? '');
    if (plan[i] === 'file') {
      const [index = '', name = '', digest = '', mode = '', owner = '', group = ''] = plan.slice(i + 1, i + 7);
      const path = `${folders.get(index)}/${name}`;
      if (digest === '') deleted.push(path);
      else
        written.set(path, {
          content: (entries.get(`new/${index}/${name}`) ?? Buffer.alloc(0)).toString('utf8'),
          mode,
          owner,
          group,
        });
      i += 10;
    }
    if (plan[i] === 'unit') started.push(plan[i + 1] ?? '');
  }
  const managed = (entries.get('managed') ?? Buffer.alloc(0)).toString('utf8').split('\0').slice(0, -1);
  return { id: plan[plan.indexOf('id') + 1] ?? '', written, deleted, started, managed };
}
