/** The records of an observation, one function each. */
import type {
  Facts,
  ManagedEntry,
  PathState,
  PodmanSecretEntry,
  RevertedState,
  SlotState,
  UnitState,
} from '../engine/observation.ts';
import { type FieldReader, printable } from './fields.ts';
import { readManaged } from './managed.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What was read so far. */
export class Answer {
  facts: Facts | undefined;
  readonly paths = new Map<string, Mutable<PathState>>();
  readonly units = new Map<string, UnitState>();
  readonly images = new Set<string>();
  readonly commandsSatisfied = new Map<string, boolean>();
  readonly zoneSerials = new Map<string, number>();
  readonly highestSerials = new Map<string, number>();
  managed: readonly ManagedEntry[] = [];
  podmanSecrets: readonly PodmanSecretEntry[] = [];
  readonly presentSecrets = new Set<string>();
  generation = 0;
  reverted: RevertedState | undefined;
  slot: (Omit<SlotState, 'deadlineInSec'> & { readonly deadline: number | undefined }) | undefined;
  lease:
    | {
        readonly owner: string;
        readonly run: string;
        readonly purpose: string;
        readonly expires: number;
        readonly taken: number;
      }
    | undefined;
}

/** Takes one record of `type` into `into`. */
export function readRecord(reader: FieldReader, type: string, into: Answer): void {
  const read = Object.hasOwn(RECORDS, type) ? RECORDS[type] : undefined;
  if (read !== undefined) {
    read(reader, into);
    return;
  }
  // Hashes stand among the path records as sha256sum printed them: hash, two characters, path.
  const [, sha256, path] = /^([0-9a-f]{64}) [ *](.*)$/s.exec(type) ?? [];
  const state = into.paths.get(path ?? '');
  if (state?.type !== 'file') throw reader.misread('unknown record');
  Object.assign(state, { sha256 });
}

const RECORDS: Readonly<Record<string, (reader: FieldReader, into: Answer) => void>> = {
  facts(reader, into) {
    into.facts = {
      bootId: reader.text(),
      osVersion: reader.text(),
      osId: reader.text(),
      hostname: reader.text(),
      ostreeBooted: reader.flag(),
      uptimeSec: Number(reader.text()),
      helperVersion: reader.text(),
    };
  },
  path(reader, into) {
    const letter = reader.text();
    const mode = reader.octal();
    const attributes = {
      mode,
      owner: reader.text(),
      group: reader.text(),
      size: reader.count(),
      mtime: Math.floor(Number(reader.text())),
    };
    const target = reader.text();
    const path = reader.text();
    into.paths.set(path, {
      type: PATH_TYPES.get(letter) ?? 'other',
      ...attributes,
      ...(letter === 'l' ? { target } : {}),
    });
  },
  unit(reader, into) {
    const name = reader.text();
    into.units.set(name, {
      load: reader.text(),
      active: reader.text(),
      sub: reader.text(),
      unitFile: reader.text(),
      needDaemonReload: reader.flag(),
      restarts: Number(reader.text()) || 0,
    });
  },
  image(reader, into) {
    into.images.add(reader.text());
  },
  secret(reader, into) {
    into.presentSecrets.add(reader.text());
  },
  command(reader, into) {
    into.commandsSatisfied.set(reader.text(), reader.flag());
  },
  zone(reader, into) {
    into.zoneSerials.set(reader.text(), reader.count());
  },
  serial(reader, into) {
    into.highestSerials.set(reader.text(), reader.count());
  },
  generation(reader, into) {
    into.generation = reader.count();
  },
  reverted(reader, into) {
    const [number, id, kind] = [reader.count(), reader.text(), reader.text()];
    into.reverted = {
      number,
      id,
      kind: kind === 'os' ? 'os' : 'config',
      run: reader.text(),
      owner: reader.text(),
      at: reader.count() * 1000,
      reason: printable(reader.text()),
    };
  },
  managed(reader, into) {
    Object.assign(into, readManaged(reader));
  },
  slot(reader, into) {
    const [id, kind, state, run, owner, deadline] = [
      reader.text(),
      reader.text(),
      reader.text(),
      reader.text(),
      reader.text(),
      reader.text(),
    ];
    into.slot = {
      id,
      kind: kind === 'os' ? 'os' : 'config',
      state,
      run,
      owner,
      deadline: deadline === '' ? undefined : Number(deadline),
    };
  },
  lease(reader, into) {
    into.lease = {
      owner: reader.text(),
      run: reader.text(),
      purpose: reader.text(),
      expires: reader.count(),
      taken: reader.count(),
    };
  },
};

/** Letters of find's %y; everything else (fifo, socket, device) is `other`. */
const PATH_TYPES: ReadonlyMap<string, 'file' | 'directory' | 'symlink'> = new Map([
  ['f', 'file'],
  ['d', 'directory'],
  ['l', 'symlink'],
]);
