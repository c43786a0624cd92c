/** A role's context as the engine makes it: vars through the schema, zones from lines. */

import { coredns } from '../../../../roles/coredns/index.ts';
import type { CorednsVars } from '../../../../roles/coredns/vars.schema.ts';
import type { Zone } from '../../../../src/dns/zone.ts';
import type { Host, Inventory, Vars } from '../../../../src/inventory/model.ts';
import { roleVars } from '../../../../src/inventory/role-vars.ts';
import type { ProbeContext } from '../../../../src/playbook/define.ts';
import { zoneOf } from '../../dns/zones.ts';

export const IMAGE = 'docker.io/coredns/coredns:1.15.0';

export function contextOf(
  vars: Vars = {},
  zones: readonly Zone[] = [zoneOf(['www A 192.0.2.80'])],
  serials: ReadonlyMap<string, number> = new Map(),
): ProbeContext<CorednsVars> {
  const host: Host = {
    name: 'ns1',
    address: '192.0.2.11',
    prefix: 24,
    ssh: { address: '192.0.2.11', port: 22, user: 'core' },
    groups: ['all', 'dns'],
    vars: { coredns_image: IMAGE, ...vars },
    origin: (...path) => ({ file: 'inventory/group_vars/dns.yaml', line: 1 + path.length }),
  };
  const inventory: Inventory = {
    dir: '/inventory',
    hosts: new Map([['ns1', host]]),
    groups: new Map(),
    varNames: new Map(),
  };
  return { vars: roleVars(coredns, host), host, members: [host], inventory, zones: () => zones, serials };
}
