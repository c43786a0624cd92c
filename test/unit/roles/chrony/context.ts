/** A pair of hosts and the role's vars, as the engine would give them to the role. */

import { chrony } from '../../../../roles/chrony/index.ts';
import type { ChronyVars } from '../../../../roles/chrony/vars.schema.ts';
import type { Host, Inventory, RoleContext, Vars } from '../../../../src/index.ts';
import type { VarValue } from '../../../../src/inventory/model.ts';
import { roleVars } from '../../../../src/inventory/role-vars.ts';

export function hostOf(name: string, address: string, vars: Vars = {}, prefix = 24): Host {
  return {
    name,
    address,
    prefix,
    ssh: { address, port: 22, user: 'core' },
    groups: ['all', 'ntp'],
    vars,
    origin: (...path) => ({ file: 'group_vars/ntp.yaml', line: 1 + path.length }),
  };
}

export interface Options {
  readonly address?: string;
  readonly prefix?: number;
  readonly members?: readonly string[];
}

/** The context of ns1 with these inventory vars (without their prefix), checked by the role's schema. */
export function contextOf(
  vars: Readonly<Record<string, VarValue>> = {},
  options: Options = {},
): RoleContext<ChronyVars> {
  const prefixed = Object.fromEntries(Object.entries(vars).map(([key, value]) => [`chrony_${key}`, value]));
  const host = hostOf('ns1', options.address ?? '192.0.2.11', prefixed, options.prefix);
  const members = [host, ...(options.members ?? ['192.0.2.12']).map((address, i) => hostOf(`ns${i + 2}`, address))];
  const inventory: Inventory = { dir: '/', hosts: new Map(), groups: new Map(), varNames: new Map() };
  return { vars: roleVars(chrony, host), host, members, inventory, zones: () => [] };
}
