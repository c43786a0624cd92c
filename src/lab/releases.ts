/** What a lab has published, as its server's update graph shows it: `publish/releases.json`, which may be edited by hand. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './errors.ts';
import { publishFolder } from './paths.ts';

/** How a release reaches the fleet over time; without it, everybody is offered it at once. */
export interface Rollout {
  /** Seconds since 1970. */
  readonly startEpoch: number;
  /** Share of the fleet, 0 to 1, that is offered it at the start; it grows to 1. */
  readonly startValue: number;
  /** 0: no growth, `startValue` for ever. */
  readonly durationMinutes: number;
}

export interface Release {
  readonly version: string;
  /** The ostree commit; of an image, the commit that is in it. */
  readonly commit: string;
  /** `sha256:…` of the image's manifest, where it was published as one. */
  readonly digest?: string;
  /** Nobody gets past it without having booted it; the reason. */
  readonly barrier?: string;
  /** Nobody gets away from it; the reason. */
  readonly deadEnd?: string;
  readonly rollout?: Rollout;
}

/** In the order in which they were published: the last is the newest, whatever its version. */
export interface Releases {
  readonly stream: 'stable';
  readonly releases: readonly Release[];
}

export const releasesFile = (labName: string): string => join(publishFolder(labName), 'releases.json');

/** Throws LabError when the file was edited into something else. */
export function readReleases(labName: string): Releases {
  const file = releasesFile(labName);
  if (!existsSync(file)) return { stream: 'stable', releases: [] };
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Releases;
    if (!Array.isArray(read.releases)) throw new TypeError('it has no list "releases"');
    return read;
  } catch (cause) {
    throw new LabError(`${file} cannot be read`, {
      remedy: 'It was edited by hand: correct it, or delete it to forget what the graph shows.',
      detail: [cause instanceof Error ? cause.message : String(cause)],
      cause,
    });
  }
}

export function addRelease(labName: string, release: Release): void {
  const { stream, releases } = readReleases(labName);
  const file = releasesFile(labName);
  writeFileSync(`${file}.new`, `${JSON.stringify({ stream, releases: [...releases, release] }, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
