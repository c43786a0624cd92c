/** Reads the folder of zone files: one master file per zone, named `db.<zone>`, and what they include. */
import { isUtf8 } from 'node:buffer';
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ZoneError, ZoneFolderError } from './errors.ts';
import { type ParseResult, parseZone } from './parse.ts';
import type { ZoneProblem } from './problems.ts';
import type { Zone } from './zone.ts';

export interface LoadedZones {
  /** By name. */
  readonly zones: readonly Zone[];
  readonly warnings: readonly ZoneProblem[];
}

/** Larger files are refused: somebody put something else there. Bytes. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** All zones of a folder; no folder, no zones. Throws ZoneError with all problems of all files, or ZoneFolderError. */
export async function loadZones(dir: string, options: { readonly cwd?: string } = {}): Promise<LoadedZones> {
  const folder = new ZoneFolder(dir, options.cwd ?? process.cwd());
  const entries = folder.list();
  const files = entries.filter(isZoneFile).map(({ name }) => name);
  const parsed = files.toSorted().map((name) => folder.parse(name));
  folder.refuseStrangers(entries.map(({ name }) => name).filter((name) => !files.includes(name)));
  const problems = parsed.flatMap((one) => one.problems);
  if (problems.some(({ severity }) => severity === 'error')) throw new ZoneError(problems);
  return { zones: parsed.flatMap(({ zone }) => (zone === undefined ? [] : [zone])), warnings: problems };
}

function isZoneFile(entry: Dirent): boolean {
  return entry.name.startsWith('db.') && entry.name.length > 3 && (entry.isFile() || entry.isSymbolicLink());
}

/** Small files, read in order: synchronous reads are the fastest start. */
class ZoneFolder {
  private readonly dir: string;
  private readonly cwd: string;
  private readonly included = new Set<string>();

  constructor(dir: string, cwd: string) {
    this.dir = dir;
    this.cwd = cwd;
  }

  list(): readonly Dirent[] {
    try {
      return readdirSync(this.dir, { withFileTypes: true });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw new ZoneFolderError(`${this.shown(this.dir)} cannot be read: ${messageOf(error)}`, {
        remedy: 'Make it a folder that you may read.',
        cause: error,
      });
    }
  }

  parse(name: string): ParseResult {
    const file = this.shown(join(this.dir, name));
    const include = (wanted: string): string => {
      const path = resolve(this.cwd, wanted);
      this.included.add(path);
      return decode(readFileSync(path), wanted);
    };
    return parseZone(this.read(name, file), { file, origin: checkedName(name.slice(3), file), include });
  }

  private read(name: string, file: string): string {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(this.dir, name));
    } catch (error) {
      const remedy = 'Make it a file that you may read.';
      throw new ZoneFolderError(`${file} cannot be read: ${messageOf(error)}`, {
        where: { file },
        remedy,
        cause: error,
      });
    }
    return decode(bytes, file);
  }

  /** Whatever is neither a zone file nor included by one: a backup, a file that an editor left. */
  refuseStrangers(names: readonly string[]): void {
    const strangers = names.filter((name) => !this.included.has(resolve(this.cwd, this.dir, name)));
    const [first] = strangers;
    if (first === undefined) return;
    const file = this.shown(join(this.dir, first));
    const others = strangers.length === 1 ? '' : ` (and ${strangers.length - 1} more)`;
    throw new ZoneFolderError(`${file} is not a zone file${others}`, {
      where: { file },
      remedy: 'This folder holds one file per zone, named db.<zone>, and nothing else. Move it away, or rename it.',
    });
  }

  /** As messages name it: relative to the current folder where it lies below that. */
  private shown(path: string): string {
    const short = relative(this.cwd, path);
    return short.startsWith('..') ? path : short;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The zone's name is the file's name: it must be one, in lower case, and without a dot at its end. */
function checkedName(name: string, file: string): string {
  if (
    /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/.test(
      name,
    )
  )
    return name;
  throw new ZoneFolderError(`${file}: ${JSON.stringify(name)} is not the name of a zone`, {
    where: { file },
    remedy:
      'Name the file db.<zone> in lower case and without a dot at its end, e.g. db.example.com, or move it out of the folder.',
  });
}

function decode(bytes: Buffer, file: string): string {
  if (bytes.length > FILE_BYTES_MAX)
    throw new ZoneFolderError(`${file} has ${bytes.length} bytes`, {
      where: { file },
      remedy: `A zone file has at most ${FILE_BYTES_MAX} bytes.`,
    });
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const line = bytes.subarray(0, firstInvalid(bytes)).toString('latin1').split('\n').length;
  throw new ZoneFolderError(`${file} is not UTF-8`, {
    where: { file, line },
    remedy: 'Save the file as UTF-8; other octets are written \\DDD.',
  });
}

/** Offset of the first byte that is not UTF-8, by halving. */
function firstInvalid(bytes: Buffer): number {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    // A cut inside a character is no fault of the bytes before it.
    if ([0, 1, 2, 3].some((back) => isUtf8(bytes.subarray(0, middle - back)))) good = middle;
    else bad = middle;
  }
  return good;
}
