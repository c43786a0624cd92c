/** What users write: roles, plays and playbooks as values. Importing one connects to nothing. */
import type { Static, TObject } from '@sinclair/typebox';
import type { Zone } from '../dns/zone.ts';
import type { Host, Inventory, Vars } from '../inventory/model.ts';
import type { Probe } from '../probes/types.ts';
import type { Resource } from '../resources/types.ts';
import type { Precondition } from './precondition.ts';
import type { TemporaryState } from './temporary-state.ts';

export interface RoleContext<V> {
  /** The role's vars of this host: inventory vars with the role's prefix, validated, defaults applied. */
  readonly vars: V;
  readonly host: Host;
  /** All hosts of the play's pattern, also those outside --limit: the members that stand in for each other. */
  readonly members: readonly Host[];
  readonly inventory: Inventory;
  /** The zones of inventory/zones, parsed when first asked for. */
  zones(): readonly Zone[];
}

/** What probes may know beyond the role's context. */
export interface ProbeContext<V> extends RoleContext<V> {
  /** By zone name: the serial that the host must serve after this run. Empty where any serial will do. */
  readonly serials: ReadonlyMap<string, number>;
}

export interface RoleDefinition<S extends TObject = TObject> {
  /** Also the prefix of its inventory vars: role `coredns`, key `image` is the var `coredns_image`. */
  readonly name: string;
  readonly description: string;
  readonly vars: S;
  /** The service in a word, as reports name it: `dns`. */
  readonly service?: string;
  /** Desired state; pure. */
  resources(context: RoleContext<Static<S>>): readonly Resource[];
  /** What proves that the host serves; pure. Without `serials` entries any serial will do. */
  probes?(context: ProbeContext<Static<S>>): readonly Probe[];
  /** What must hold on all members before `context.host` is changed by this role; pure. */
  preconditions?(context: RoleContext<Static<S>>): readonly Precondition[];
  /** Temporary states that a change or a reboot of `context.host` needs, there or on its peers; pure. */
  temporaryStates?(context: RoleContext<Static<S>>): readonly TemporaryState[];
  /** This host only stands by for another of its group at present: an upgrade takes it first. Default: false. Pure. */
  standsBy?(context: RoleContext<Static<S>>): boolean;
  /** Others copy its zones and follow a rising serial only: an earlier state is brought back under a new serial. Default: false. */
  hasSecondaries?(context: RoleContext<Static<S>>): boolean;
}

/** A role as a play uses it. */
export interface RoleUse {
  readonly role: RoleDefinition;
  /** Win over the inventory's vars; unprefixed names. */
  readonly vars: Vars;
  readonly tags: readonly string[];
}

/** One host (or `batch` hosts) of a redundancy group at a time. */
export interface RollingStrategy {
  readonly kind: 'rolling';
  /** Hosts changed at the same time. Default 1. */
  readonly batch: number;
  /** Host names in the order of the roll-out; the others follow in the inventory's order. */
  readonly order: readonly string[];
  /** The host that goes first, alone. */
  readonly canary?: string;
  /** Between batches, s. Default 0. */
  readonly pauseSec: number;
  /** Failed hosts after which no further host is begun: 0 stops at the first failure. Default 0. */
  readonly maxFailed: number;
}

/** Runs on the controller before or after a play; gets zx's `$`. Not run in check mode. */
export type LocalStep = {
  readonly name: string;
  readonly run: (context: {
    readonly $: typeof import('zx').$;
    readonly inventory: Inventory;
    readonly hosts: readonly Host[];
  }) => Promise<void>;
};

/** What must hold before a play changes a host: the services of a role answer on all of its hosts. */
export interface Gate {
  readonly kind: 'gate';
  /** `time in sync`: names it in lists and messages. */
  readonly name: string;
  /** Pattern of the hosts that are asked; --limit does not narrow it. */
  readonly hosts: string;
  /** Whose probes must pass there. */
  readonly role: RoleUse;
  /** How long is waited for that, s. Default 60. */
  readonly withinSec: number;
}

export interface Play {
  /** Pattern, as --limit. */
  readonly hosts: string;
  /** The playbook that it comes from, where several are run as one. */
  readonly from?: string;
  /** Asked, in this order, before the first host of the play is changed; a play without changes asks none. */
  readonly gates: readonly Gate[];
  readonly strategy: RollingStrategy;
  readonly roles: readonly RoleUse[];
  readonly before: readonly LocalStep[];
  readonly after: readonly LocalStep[];
  readonly onFailure: 'stop' | 'revert-all';
}

export interface Playbook {
  readonly kind: 'coreos-infra/playbook';
  readonly name: string;
  readonly description: string;
  readonly plays: readonly Play[];
}

export interface PlayInput {
  readonly hosts: string;
  readonly strategy?: RollingStrategy;
  readonly roles: readonly (RoleUse | RoleDefinition)[];
  readonly before?: readonly LocalStep[];
  readonly after?: readonly LocalStep[];
  /** Default `stop`: hosts that were confirmed stay as they are. */
  readonly onFailure?: 'stop' | 'revert-all';
}

export type PlaybookInput = { readonly name: string; readonly description?: string } & (
  | PlayInput
  | { readonly plays: readonly PlayInput[] }
  /** Other playbooks, one after the other; a gate stands before the playbook that needs it. */
  | { readonly playbooks: readonly (Playbook | Gate)[] }
);

/** Defines a role; the vars' type follows from its schema. */
export function defineRole<S extends TObject>(definition: RoleDefinition<S>): RoleDefinition<S> {
  return definition;
}

/** A role with vars and tags of this play. */
export function use<S extends TObject>(
  role: RoleDefinition<S>,
  options: { readonly vars?: Partial<Static<S>>; readonly tags?: readonly string[] } = {},
): RoleUse {
  return { role: role as unknown as RoleDefinition, vars: (options.vars ?? {}) as Vars, tags: options.tags ?? [] };
}

/** The default strategy: one host after the other, stop at the first failure. */
export function rolling(options: Partial<Omit<RollingStrategy, 'kind'>> = {}): RollingStrategy {
  return { kind: 'rolling', batch: 1, order: [], pauseSec: 0, maxFailed: 0, ...options };
}

/** Before the next playbook of a list changes anything, the services of `role` answer on all `hosts`. */
export function gate<S extends TObject>(
  name: string,
  input: { readonly hosts: string; readonly role: RoleDefinition<S> | RoleUse; readonly withinSec?: number },
): Gate {
  const role = 'role' in input.role ? input.role : use(input.role);
  return { kind: 'gate', name, hosts: input.hosts, role, withinSec: input.withinSec ?? 60 };
}

export function definePlaybook(input: PlaybookInput): Playbook {
  return {
    kind: 'coreos-infra/playbook',
    name: input.name,
    description: input.description ?? '',
    plays:
      'playbooks' in input ? joinPlays(input.playbooks) : ('plays' in input ? input.plays : [input]).map(definePlay),
  };
}

function definePlay(play: PlayInput): Play {
  return {
    hosts: play.hosts,
    gates: [],
    strategy: play.strategy ?? rolling(),
    roles: play.roles.map((entry) => ('role' in entry ? entry : use(entry))),
    before: play.before ?? [],
    after: play.after ?? [],
    onFailure: play.onFailure ?? 'stop',
  };
}

function joinPlays(list: readonly (Playbook | Gate)[]): readonly Play[] {
  const plays: Play[] = [];
  let gates: Gate[] = [];
  for (const entry of list) {
    if (entry.kind === 'gate') {
      gates.push(entry);
      continue;
    }
    const [first, ...rest] = entry.plays.map((play) => ({ ...play, from: play.from ?? entry.name }));
    if (first === undefined) continue;
    plays.push({ ...first, gates: [...gates, ...first.gates] }, ...rest);
    gates = [];
  }
  return plays;
}
