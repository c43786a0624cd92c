/** `lab publish`: a later release of the hosts' system, good or broken, for them to upgrade to. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assetPath } from '../assets.ts';
import { osChecksum } from './artifacts.ts';
import { LabError } from './errors.ts';
import { requireLab } from './find.ts';
import { withLock } from './lock.ts';
import { writeImage } from './os-image.ts';
import { labLock, publishFolder } from './paths.ts';
import type { Release, Rollout } from './releases.ts';
import { addRelease, readReleases } from './releases.ts';
import { requireRoot } from './requirements.ts';
import { runScript } from './shell.ts';
import { OS_VERSION } from './versions.ts';

/** Ways in which a release can be bad; each is a folder of src/lab/breaks that is laid over the good one. */
export const BREAKS = ['ssh', 'dns', 'podman', 'boot', 'finalize', 'slow-boot', 'flapping'] as const;
export type Break = (typeof BREAKS)[number];

/** How late sshd is with `slow-boot`, and how long a service lives with `flapping`. */
const SECONDS: Readonly<Partial<Record<Break, number>>> = { 'slow-boot': 40, flapping: 30 };

export interface PublishOptions {
  readonly broken?: Break;
  /** For `slow-boot` and `flapping`; default 40 and 30. */
  readonly seconds?: number;
  /** As an image in the lab's registry (tag `stable`), and not on the ostree branch. */
  readonly oci?: boolean;
  readonly barrier?: string;
  readonly deadEnd?: string;
  readonly rollout?: Rollout;
}

const VERSION = /^\d{1,3}\.\d{8}\.\d{1,2}\.\d{1,4}$/;

/** Publishes a release as the newest one. It takes about a second: only what differs from the hosts' first system is committed. */
export async function labPublish(labName: string, version: string, options: PublishOptions = {}): Promise<Release> {
  requireRoot();
  requireLab(labName);
  if (!VERSION.test(version)) {
    throw new LabError(`"${version}" cannot be the version of a release`, {
      remedy: 'Write it as Fedora CoreOS does: 44.20261115.3.0.',
    });
  }
  return withLock(labLock(labName), `the lab ${labName}`, 60_000, () => publish(labName, version, options));
}

async function publish(labName: string, version: string, options: PublishOptions): Promise<Release> {
  const folder = publishFolder(labName);
  const { releases } = readReleases(labName);
  if (releases.length === 0) addRelease(labName, firstRelease(folder));
  const changes = mkdtempSync(join(folder, 'changes-'));
  try {
    if (options.broken !== undefined) layBreak(changes, options.broken, options.seconds);
    const kind = options.oci === true ? 'image' : 'branch';
    const out = await runScript('os-publish.sh', [folder, version, changes, kind], { what: `publishing ${version}` });
    const [commit = '', bytes = '0'] = out.trim().split(' ');
    const { barrier, deadEnd, rollout } = options;
    const release: Release = {
      version,
      commit,
      ...(options.oci === true ? { digest: writeImage(folder, { version, commit, bytes: Number(bytes) }) } : {}),
      ...(barrier === undefined ? {} : { barrier }),
      ...(deadEnd === undefined ? {} : { deadEnd }),
      ...(rollout === undefined ? {} : { rollout }),
    };
    addRelease(labName, release);
    // Commits are dated in whole seconds, and older or newer is told by that date: the next one is to be newer.
    await new Promise((resolve) => setTimeout(resolve, 1_000 - (Date.now() % 1_000)));
    return release;
  } finally {
    rmSync(changes, { recursive: true, force: true });
  }
}

/** What the hosts were installed with. */
function firstRelease(folder: string): Release {
  return { version: OS_VERSION, commit: osChecksum(dirname(realpathSync(join(folder, 'parent')))) };
}

function layBreak(changes: string, broken: Break, seconds: number | undefined): void {
  cpSync(assetPath(`src/lab/breaks/${broken}`), changes, { recursive: true });
  const value = String(Math.ceil(seconds ?? SECONDS[broken] ?? 0));
  for (const entry of readdirSync(changes, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('@SECONDS@', value));
  }
}
