/** A pair of hosts and the role's vars, as the engine would give them to the role. */
import { kea } from '../../../../roles/kea/index.ts';
import type { KeaVars } from '../../../../roles/kea/vars.schema.ts';
import type { Host, Inventory, ProbeContext, Vars } from '../../../../src/index.ts';
import { roleVars } from '../../../../src/inventory/role-vars.ts';

export const IMAGE = 'docker.cloudsmith.io/isc/docker/kea-dhcp4:2.6.3';
export const SUBNET = { id: 1, subnet: '192.0.2.0/24', pools: ['192.0.2.100-192.0.2.199'] };

export interface Options {
  /** The host that the context is of. */
  readonly host?: 'ns1' | 'ns2';
  /** Names of the play's hosts. */
  readonly members?: readonly string[];
}

/** `vars` without their prefix; image and one subnet stand in for what is not given. */
export function contextOf(
  vars: Vars = {},
  { host = 'ns1', members = ['ns1', 'ns2'] }: Options = {},
): ProbeContext<KeaVars> {
  const given: Vars = { image: IMAGE, subnets: [SUBNET], ...vars };
  const prefixed = Object.fromEntries(Object.entries(given).map(([key, value]) => [`kea_${key}`, value]));
  const hosts = members.map((name, i): Host => {
    const address = `192.0.2.${11 + i}`;
    return {
      name,
      address,
      prefix: 24,
      ssh: { address, port: 22, user: 'core' },
      groups: ['all', 'dhcp'],
      vars: { interface: 'host0', ...prefixed },
      origin: (...path) => ({ file: 'group_vars/dhcp.yaml', line: 1 + path.length }),
    };
  });
  const self = hosts.find(({ name }) => name === host) ?? hosts[0];
  if (self === undefined) throw new Error('a play has a host');
  const inventory: Inventory = { dir: '/', hosts: new Map(), groups: new Map(), varNames: new Map() };
  return { vars: roleVars(kea, self), host: self, members: hosts, inventory, zones: () => [], serials: new Map() };
}
