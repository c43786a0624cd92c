/** Releases that a host of the fleet went back from: not chosen again. Pure. */
import type { OsDenied } from '../host/os-verbs.ts';
import { type Release, releaseName, sameRelease } from './release.ts';

export interface DeniedRelease extends Release {
  /** The host that went back. */
  readonly host: string;
  /** In the host's words: `local checks failed: coredns.service is failed`. */
  readonly reason: string;
  /** ISO 8601, by the clock of whoever wrote it down; '' when that is not known. */
  readonly at: string;
}

export function denialOf(release: Release, denied: readonly DeniedRelease[]): DeniedRelease | undefined {
  return denied.find((one) => sameRelease(one, release));
}

/** `44.20261201.3.0 is on the deny list: ns2 went back from it on 2026-11-21 (dns answers SERVFAIL)` */
export function denialText(release: Release, { host, reason, at }: DeniedRelease): string {
  const day = at === '' ? '' : ` on ${at.slice(0, 10)}`;
  return `${releaseName(release)} is on the deny list: ${host} went back from it${day}${reason === '' ? '' : ` (${reason})`}`;
}

/** An entry as a host has it: of what another one went back from the reason begins with that one's name (remember.ts). */
export function denialOn(host: string, entry: OsDenied, isHost: (name: string) => boolean): DeniedRelease {
  const { checksum, target, version, reason, cause, atMs } = entry;
  const [, teller = '', rest = ''] = /^([^:\s]+): (.*)$/s.exec(reason) ?? [];
  const isTold = isHost(teller);
  return {
    version,
    ...(target.startsWith('sha256:') ? { digest: target } : { checksum: target === '' ? checksum : target }),
    host: isTold ? teller : host,
    reason: (isTold ? rest : reason) || cause,
    at: atMs === 0 ? '' : new Date(atMs).toISOString(),
  };
}

/** What several places remember of the same release is one entry: the first that was told, with every name that is known. */
export function mergeDenied(lists: readonly (readonly DeniedRelease[])[]): readonly DeniedRelease[] {
  const merged: DeniedRelease[] = [];
  for (const one of lists.flat()) {
    const known = merged.findIndex((other) => sameRelease(other, one));
    if (known < 0) merged.push(one);
    else merged[known] = { ...one, ...(merged[known] as DeniedRelease) };
  }
  return merged;
}
