/** What a host has of its own and takes along from release to release: layered packages and kernel arguments. Pure. */
import type { OsLook } from '../host/os-look.ts';

export interface Carried {
  readonly layered: readonly string[];
  /** Those that somebody gave it: without the ones that every installation has. In the order of the command line. */
  readonly kernelArguments: readonly string[];
}

/** Of the boot loader, of ostree and of the installation: they name disks and deployments, and may differ from boot to boot. */
const OF_THE_SYSTEM =
  /^(BOOT_IMAGE|initrd|ostree|root|rootfstype|rootflags|boot|ignition\..*|\$?ignition_firstboot)(=|$)|^(rw|ro)$/;

export function carriedBy({ deployments, kernelArguments }: Pick<OsLook, 'deployments' | 'kernelArguments'>): Carried {
  const own = kernelArguments.split(/\s+/).filter((word) => word !== '' && !OF_THE_SYSTEM.test(word));
  return { layered: deployments.find(({ booted }) => booted)?.layered ?? [], kernelArguments: own };
}

/** `htop, kernel arguments nosmt console=ttyS0`; undefined: it has nothing of its own. */
export function carriedText({ layered, kernelArguments }: Carried): string | undefined {
  const parts = [
    ...layered,
    ...(kernelArguments.length === 0
      ? []
      : [`kernel argument${kernelArguments.length === 1 ? '' : 's'} ${kernelArguments.join(' ')}`]),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** What is not as it was: rpm-ostree carries both over, unless somebody changes what is staged. */
export function notCarried(before: Carried, after: Carried): readonly string[] {
  return [
    ...missing(before.layered, after.layered).map((name) => `without ${name}, which was layered`),
    ...missing(after.layered, before.layered).map((name) => `with ${name} layered, which was not there`),
    ...missing(before.kernelArguments, after.kernelArguments).map((word) => `without the kernel argument ${word}`),
    ...missing(after.kernelArguments, before.kernelArguments).map((word) => `with the new kernel argument ${word}`),
  ];
}

function missing(from: readonly string[], present: readonly string[]): readonly string[] {
  return [...new Set(from)].filter((one) => !present.includes(one));
}
