/** Names and places of the two servers on a host; those of upstream's packages and image. */
import type { Family } from './addresses.ts';

export interface Daemon {
  readonly family: Family;
  /** Also container, log and unit name. */
  readonly name: 'kea-dhcp4' | 'kea-dhcp6';
  readonly program: string;
  readonly root: 'Dhcp4' | 'Dhcp6';
  readonly subnetKey: 'subnet4' | 'subnet6';
  readonly space: 'dhcp4' | 'dhcp6';
  readonly config: string;
  /** Base names: Kea accepts them in every release, in the folder that it was built for or told by environment. */
  readonly socket: string;
  readonly leases: string;
}

export const CONFIG_FOLDER = '/etc/kea';
export const DATA_FOLDER = '/var/lib/kea';
export const SOCKET_FOLDER = '/run/kea';

export function daemonOf(family: Family): Daemon {
  const name = family === 4 ? 'kea-dhcp4' : 'kea-dhcp6';
  return {
    family,
    name,
    program: `/usr/sbin/${name}`,
    root: family === 4 ? 'Dhcp4' : 'Dhcp6',
    subnetKey: family === 4 ? 'subnet4' : 'subnet6',
    space: family === 4 ? 'dhcp4' : 'dhcp6',
    config: `${CONFIG_FOLDER}/${name}.conf`,
    socket: `kea${family}-ctrl-socket`,
    leases: `kea-leases${family}.csv`,
  };
}
