/** Which roles each host has, over all playbooks of a project: what `run status` asks about, and what an earlier generation is made of. */
import type { Zone } from '../dns/zone.ts';
import { InfraError } from '../errors.ts';
import type { Host, Inventory } from '../inventory/model.ts';
import { selectHosts } from '../inventory/pattern.ts';
import type { Play, Playbook } from '../playbook/define.ts';
import { type DesiredHost, desiredHost, ofRole } from './desired.ts';

/** One role on one host, as the first playbook that has it there describes it. */
export interface HostRole {
  readonly host: Host;
  readonly role: string;
  /** The service in a word; undefined: the role serves nobody. */
  readonly service: string | undefined;
  readonly playbook: string;
  /** The play's pattern: the hosts that stand in for each other. */
  readonly pattern: string;
  readonly members: readonly Host[];
  readonly desired: DesiredHost;
}

export interface HostRoles {
  readonly roles: readonly HostRole[];
  /** What is wrong with vars, zones or patterns; each once. Roles that cannot be described are left out. */
  readonly problems: readonly InfraError[];
}

export interface HostRolesInput {
  readonly playbooks: readonly Playbook[];
  readonly inventory: Inventory;
  readonly zones: () => readonly Zone[];
}

/** A role that several playbooks have (`site` repeats others) counts once. */
export function hostRoles({ playbooks, inventory, zones }: HostRolesInput): HostRoles {
  const roles = new Map<string, HostRole>();
  const problems = new Map<string, InfraError>();
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      problems.set(error.message, error);
    }
  };
  const describe = (playbook: Playbook, play: Play, members: readonly Host[], host: Host): void => {
    const desired = desiredHost(host, { uses: play.roles, members, inventory, zones });
    for (const { role } of play.roles) {
      const key = `${host.name} ${role.name}`;
      if (roles.has(key)) continue;
      const place = { host, role: role.name, service: role.service, playbook: playbook.name, pattern: play.hosts };
      roles.set(key, { ...place, members, desired: ofRole(desired, role.name) });
    }
  };
  for (const playbook of playbooks) {
    for (const play of playbook.plays) {
      attempt(() => {
        const members = selectHosts(inventory, play.hosts, { allowEmpty: true });
        for (const host of members) attempt(() => describe(playbook, play, members, host));
      });
    }
  }
  return { roles: [...roles.values()], problems: [...problems.values()] };
}

/** What people look for first; services of other roles follow in the order of the playbooks. */
const KNOWN_SERVICES: readonly string[] = ['dns', 'ntp', 'dhcp'];

/** The services of these roles, each once. */
export function servicesOf(roles: readonly HostRole[]): readonly string[] {
  const all = new Set(roles.flatMap(({ service }) => (service === undefined ? [] : [service])));
  return [
    ...KNOWN_SERVICES.filter((service) => all.has(service)),
    ...[...all].filter((one) => !KNOWN_SERVICES.includes(one)),
  ];
}

/** Several roles of one host as one. */
export function mergedRoles(host: Host, roles: readonly Pick<HostRole, 'desired'>[]): DesiredHost {
  return {
    host,
    resources: roles.flatMap(({ desired }) => desired.resources),
    roles: [...new Set(roles.flatMap(({ desired }) => desired.roles))],
    probes: (serials) => roles.flatMap(({ desired }) => desired.probes(serials)),
    temporaryStates: (only) =>
      roles.flatMap(({ desired }) =>
        only === undefined || desired.roles.includes(only) ? (desired.temporaryStates?.() ?? []) : [],
      ),
    preconditions: (changing) => roles.flatMap(({ desired }) => desired.preconditions?.(changing) ?? []),
    hasSecondaries: roles.some(({ desired }) => desired.hasSecondaries === true),
  };
}
