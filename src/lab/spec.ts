/** What a lab is to be: its hosts and the images that their roles use. Everything else follows from it. */
import { LabError } from './errors.ts';
import { parseAddress } from './subnets.ts';

export interface LabHostSpec {
  /** The host's name, as in the inventory. */
  readonly name: string;
  /** The address of the inventory, without its prefix. */
  readonly address: string;
  readonly prefix: number;
  /** Name of the LAN interface inside the host; `host0` where the inventory says nothing. */
  readonly interface: string;
}

export interface LabSpec {
  readonly labName: string;
  readonly hosts: readonly LabHostSpec[];
  /** Upstream `name:tag` of every image that a role runs, e.g. `docker.io/coredns/coredns:1.15.0`. */
  readonly images: readonly string[];
}

export const DEFAULT_INTERFACE = 'host0';
const NAME = /^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$/i;
const INTERFACE = /^[a-zA-Z][a-zA-Z0-9._-]{0,14}$/;

/** Refuses what could not be built, before anything is touched. */
export function checkSpec(spec: LabSpec): void {
  if (!NAME.test(spec.labName)) {
    throw new LabError(`"${spec.labName}" cannot be the name of a lab`, {
      remedy: 'Use letters, digits, dots and dashes (--lab-name).',
    });
  }
  if (spec.hosts.length === 0) {
    throw new LabError('the inventory has no hosts, so there is nothing to boot', {
      remedy: 'Add hosts to the inventory, or name another one with -i.',
    });
  }
  const seen = new Map<string, string>();
  for (const host of spec.hosts) {
    if (!NAME.test(host.name)) {
      throw new LabError(`"${host.name}" cannot be a host name`, {
        host: host.name,
        remedy: 'Use letters, digits, dots and dashes.',
      });
    }
    if (!INTERFACE.test(host.interface)) {
      throw new LabError(`host ${host.name}: "${host.interface}" cannot be the name of a network interface`, {
        host: host.name,
        remedy: 'Set the var "interface" to a name of at most 15 letters, digits, dots and dashes.',
      });
    }
    const address = parseAddress(host.address);
    if (address === undefined || host.prefix < 8 || host.prefix > address.bits - 2) {
      throw new LabError(`host ${host.name}: the lab cannot use ${host.address}/${host.prefix} as its address`, {
        host: host.name,
        remedy: "Give the host an address with its network's prefix, such as address: 192.0.2.11/24.",
      });
    }
    const other = seen.get(host.address);
    if (other !== undefined) {
      throw new LabError(`hosts ${other} and ${host.name} both have the address ${host.address}`, {
        host: host.name,
        remedy: 'Give every host of the inventory an address of its own.',
      });
    }
    seen.set(host.address, host.name);
  }
}
