/** Where `run rollback` goes: the release that the host had before, of those that are on its disk. Pure. */
import type { OsDeployment, OsLook } from '../host/os-look.ts';
import { type DeniedRelease, denialOf, denialText } from './deny.ts';
import { releaseOfDeployment } from './fleet.ts';
import { type Release, releaseName } from './release.ts';

export interface WayBack {
  /** `checksum.serial` */
  readonly name: string;
  readonly release: Release;
}

/** What else is on disk, and why it is not gone to. */
export interface NoWayBack {
  readonly reasons: readonly string[];
}

/**
 * The first entry behind the booted one, of the same OS, that nothing speaks against: what the host itself, or another one, went back
 * from is no way back. (After a rollback the boot menu has the release that was left in that place: `rpm-ostree rollback` would toggle.)
 */
export function wayBack(
  look: Pick<OsLook, 'deployments' | 'past'>,
  denied: readonly DeniedRelease[],
): WayBack | NoWayBack {
  const at = look.deployments.findIndex(({ booted }) => booted);
  const booted = look.deployments[at];
  const others = look.deployments.slice(at + 1).filter((one) => !one.staged && one.osname === booted?.osname);
  const reasons: string[] = [];
  for (const one of others) {
    const against = objection(one, look, denied);
    if (against === undefined) return { name: one.name, release: releaseOfDeployment(one) };
    reasons.push(against);
  }
  return { reasons };
}

function objection(
  one: OsDeployment,
  { past }: Pick<OsLook, 'past'>,
  denied: readonly DeniedRelease[],
): string | undefined {
  const release = releaseOfDeployment(one);
  const denial = denialOf(release, denied);
  if (denial !== undefined) return denialText(release, denial);
  // Of its upgrades to this deployment the last one counts.
  const last = past.findLast(({ to }) => to === one.name);
  return last?.state === 'reverted' ? `${releaseName(release)} was never confirmed on this host` : undefined;
}
