/** What is remembered between runs, beside what the hosts themselves remember: denied releases, how long it took, a run that has not ended. */
import type { DeniedRelease } from './deny.ts';
import type { Release } from './release.ts';

/** The part of src/store that is needed here; tests pass a Map. */
export interface Kept {
  get(key: string): unknown;
  set(key: string, value: Json): void;
  delete(key: string): boolean;
  list(prefix?: string): readonly { readonly key: string; readonly value: unknown }[];
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A roll-out that was begun. It is taken up by --resume, and forgotten when it has ended. */
export interface UnfinishedRun {
  readonly run: string;
  readonly target: Release;
  /** All that it was to reach, in order. */
  readonly hosts: readonly string[];
  readonly startedAt: string;
}

/** Of the last upgrade of a host that was confirmed. */
export interface LastTime {
  readonly version: string;
  readonly at: string;
  readonly tookSec: number;
}

const DENY = 'deny ';
const LAST = 'last ';
const RUN = 'run';

export class UpgradeMemory {
  readonly #kept: Kept;

  /** `kept`: of one inventory (a lab's hosts are not the site's). */
  constructor(kept: Kept) {
    this.#kept = kept;
  }

  denied(): readonly DeniedRelease[] {
    return this.#kept.list(DENY).flatMap(({ value }) => (isDenied(value) ? [value] : []));
  }

  deny(release: DeniedRelease): void {
    this.#kept.set(DENY + nameOf(release), { ...release });
  }

  /** A person has taken it all the same, and it was confirmed. */
  allow(release: Release): void {
    for (const name of [release.digest, release.checksum, release.version]) {
      if (name !== undefined && name !== '') this.#kept.delete(DENY + name);
    }
  }

  lastTime(host: string): LastTime | undefined {
    const value = this.#kept.get(LAST + host);
    return isRecord(value) && typeof value['tookSec'] === 'number' ? (value as unknown as LastTime) : undefined;
  }

  took(host: string, last: LastTime): void {
    this.#kept.set(LAST + host, { ...last });
  }

  unfinished(): UnfinishedRun | undefined {
    const value = this.#kept.get(RUN);
    return isRecord(value) && typeof value['run'] === 'string' ? (value as unknown as UnfinishedRun) : undefined;
  }

  begin(run: UnfinishedRun): void {
    this.#kept.set(RUN, { ...run, target: { ...run.target }, hosts: [...run.hosts] });
  }

  end(): void {
    this.#kept.delete(RUN);
  }
}

function nameOf({ digest, checksum, version }: Release): string {
  return digest ?? checksum ?? version;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDenied(value: unknown): value is DeniedRelease {
  return isRecord(value) && typeof value['version'] === 'string' && typeof value['host'] === 'string';
}
