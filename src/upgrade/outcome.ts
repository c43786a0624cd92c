/** What a host that has booted says about its upgrade: the outcome matrix. Pure. */
import type { OsDeployment, OsLook } from '../host/os-look.ts';

export interface Expected {
  /** `checksum.serial` of the way back. */
  readonly from: string;
  /** Of what was staged. */
  readonly to: string;
  /** The boot in which it was told to reboot. */
  readonly bootId: string;
}

export type Outcome =
  /** The boot is still the old one. */
  | { readonly kind: 'not-rebooted' }
  | { readonly kind: 'new' }
  /** On the old release. `why`: how that came about, as far as the disk tells. */
  | { readonly kind: 'old'; readonly why: 'not-finalized' | 'picked-once' | 'went-back'; readonly words: string }
  /** Neither: somebody else deploys on this host. */
  | { readonly kind: 'other'; readonly booted: string }
  /** rpm-ostree does not answer. */
  | { readonly kind: 'unreadable'; readonly words: readonly string[] };

export function outcomeOf(
  look: Pick<OsLook, 'bootId' | 'booted' | 'deployments' | 'failure' | 'finalizeFailure'>,
  expected: Expected,
): Outcome {
  if (look.bootId === expected.bootId) return { kind: 'not-rebooted' };
  // The kernel's own command line names what is booted; it needs no daemon.
  if (look.booted === expected.to) return { kind: 'new' };
  if (look.booted !== expected.from) return { kind: 'other', booted: look.booted };
  if (look.deployments.length === 0 && look.failure.length > 0) return { kind: 'unreadable', words: look.failure };
  const target = look.deployments.find(({ name }) => name === expected.to);
  if (target === undefined)
    return {
      kind: 'old',
      why: 'not-finalized',
      words:
        look.finalizeFailure === undefined
          ? 'the new release was not written to the boot loader: power cut, forced reboot, or its lock held'
          : `the new release could not be finalised: ${look.finalizeFailure}`,
    };
  if (target.index === 0)
    return {
      kind: 'old',
      why: 'picked-once',
      words: 'the old release was chosen at the console; the next reboot would take the new one',
    };
  return { kind: 'old', why: 'went-back', words: 'the host went back to the old release' };
}

/** Why a host cannot be upgraded now; undefined: it can. Facts only; the host checks them again under its own lock. */
export interface Obstacle {
  readonly message: string;
  readonly remedy: string;
}

/** A new kernel and its initramfs are hardly ever more than so much larger than the ones before. */
const KERNEL_GROWTH = 1.15;

export interface Preflight {
  readonly host: string;
  /** Bytes on /boot below which an upgrade is not begun; undefined: what the largest kernel there now takes, and some. */
  readonly bootBytes?: number | undefined;
  /** The staged deployment that is ours to replace: what an earlier try of this run has left. */
  readonly ours?: string;
}

export function preflight(look: OsLook, { host, bootBytes, ours }: Preflight): Obstacle | undefined {
  const booted = look.deployments.find((one) => one.booted);
  if (look.failure.length > 0)
    return {
      message: `rpm-ostree on ${host} does not answer: ${look.failure.join(' ')}`,
      remedy: `See on ${host}: rpm-ostree status; sudo journalctl -u rpm-ostreed`,
    };
  if (booted === undefined)
    return {
      message: `${host} was not booted from ostree: there is nothing to upgrade`,
      remedy: 'Leave it out: --limit.',
    };
  if (look.transaction !== undefined)
    return {
      message: `another rpm-ostree transaction is running on ${host}: ${look.transaction}`,
      remedy: `Wait for its end, or end it there: rpm-ostree cancel`,
    };
  if (booted.unlocked !== 'none' && booted.unlocked !== '')
    return {
      message: `the booted deployment of ${host} is unlocked (${booted.unlocked}): /usr is not what was released`,
      remedy: 'Reboot the host first, or undo the hotfix.',
    };
  const staged = look.deployments.find((one) => one.staged);
  if (staged !== undefined && staged.name !== ours && !isZincatis(look, staged))
    return {
      message:
        staged.version !== '' && staged.version === booted.version
          ? `the release that ${host} runs is staged there once more, with other packages or kernel arguments`
          : `something else is staged on ${host}: ${staged.version || staged.name}`,
      remedy: `Somebody prepared that on ${host}. Boot it by hand first; or, if it is not needed: sudo rpm-ostree cleanup -p`,
    };
  const pending = look.deployments.find((one) => one.index === 0);
  if (staged === undefined && pending !== undefined && !pending.booted)
    return {
      message: `${host} waits for a reboot: the next boot takes ${pending.version || pending.name}, not what runs now`,
      remedy: `See on ${host}: rpm-ostree status. To keep what runs: sudo ostree admin set-default ${booted.index}. To take the other: reboot the host by hand, run reboot does not change the OS.`,
    };
  const free = look.freeBytes.boot;
  const needed = bootBytes ?? (look.kernelBytes ?? 0) * KERNEL_GROWTH;
  if (free !== undefined && free < needed)
    return {
      message: `/boot of ${host} has ${megabytes(free)} MB left, and a new kernel needs about ${megabytes(needed)} MB`,
      remedy: `Unpin and remove deployments that are not needed: ostree admin status; sudo ostree admin pin -u INDEX; sudo rpm-ostree cleanup -r`,
    };
  return undefined;
}

/** Zincati stages locked, and is the driver that registered: what it staged it will stage again. */
export function isZincatis({ driver, zincati }: Pick<OsLook, 'driver' | 'zincati'>, { locked }: OsDeployment): boolean {
  return driver === 'Zincati' && locked && zincati.active === 'active';
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}
