/** What `run status` knows of the fleet, as data; src/report/status-text.ts and --json show it. Fields are only added (docs/status.md). */
import type { NtpReading } from '../ntp/reading.ts';
import type { ErrorReport } from './events.ts';
import type { LeaseState, RevertedState, SlotState } from './observation.ts';

/**
 * `serves`: everything that its last confirmed generation promises is answered. `not-in-service`: no member was ever confirmed, and none
 * answers. `unknown`: the host cannot be asked, or the role has no probes.
 */
export type ServiceWord = 'serves' | 'fails' | 'not-in-service' | 'unknown';

export interface ServiceState {
  readonly state: ServiceWord;
  /** The role was once confirmed on this host. */
  readonly deployed: boolean;
  /** The playbook that deploys it. */
  readonly playbook: string;
  /** Services that have zones: those that answer as they should, of those that should. */
  readonly zones?: { readonly answering: number; readonly asked: number };
  /** NTP: what the host's answer says of its clock. */
  readonly time?: NtpReading;
  /** What does not answer as it should. */
  readonly failed: readonly { readonly name: string; readonly detail: string }[];
  /** It passes, but people should know. */
  readonly warnings: readonly string[];
  /** The host that asked, when this machine cannot reach the service. */
  readonly askedFrom?: string;
}

/** Something that we wrote and that is not as we wrote it. */
export interface DriftedPath {
  readonly path: string;
  readonly role: string;
  readonly kind: 'edited' | 'deleted' | 'attributes' | 'replaced';
  /** When it was last written to, ISO 8601; undefined when it is gone. */
  readonly at?: string;
  /** With --drift: `- ` lines that a person added, `+ ` lines that a person took out. */
  readonly lines?: readonly string[];
}

/** With --drift: what the playbooks describe and the host does not have yet; not what only a hand edit made different. */
export interface PendingChanges {
  readonly playbook: string;
  /** Nothing of it was ever confirmed on the host. */
  readonly isFirst: boolean;
  readonly resources: readonly string[];
}

export interface OsState {
  /** `fedora` */
  readonly id: string;
  readonly version: string;
  /** Of the booted deployment. */
  readonly checksum?: string;
  /** What the next boot will bring, where that is another: `staged`, or the default entry of the boot menu. */
  readonly next?: { readonly version: string; readonly how: 'staged' | 'default'; readonly isLocked: boolean };
  /** The next entry of the boot menu behind the one that runs: what `rpm-ostree rollback` would boot. */
  readonly rollback?: string;
  /** Versions that are kept whatever is upgraded. */
  readonly pinned?: readonly string[];
  /** Packages that somebody layered on this host. */
  readonly layered?: readonly string[];
  /** The last upgrade could not be finalised: the host's words. */
  readonly finalizeFailure?: string;
  /** The confirmed configuration does not fit this OS: the host's words. */
  readonly reconcileFailure?: string;
  /** rpm-ostree did not answer: its words. */
  readonly failure?: string;
}

export interface ZincatiState {
  /** ActiveState of its unit. */
  readonly active: string;
  readonly enabled: string;
  /** In its own words. */
  readonly status: string;
  /** Its drop-in is there: it is held whenever an upgrade of ours is open. */
  readonly isHeldBySlot: boolean;
  /** Denied releases that it would take, for which it is held until the host has passed them. */
  readonly heldFor?: string;
}

/**
 * `ready`: it wakes when a change set or an upgrade is opened. `awake`: it watches one. `off`: it is installed, and systemd does not
 * run it (the next change starts it before anything else). `none`: nothing of ours was ever deployed here.
 */
export type GuardWord = 'ready' | 'awake' | 'off' | 'none';

/** The last upgrade or rollback of the OS that ended on a host, whoever asked for it. */
export interface LastUpgrade {
  readonly action: 'upgrade' | 'rollback';
  readonly from: string;
  readonly to: string;
  readonly state: 'confirmed' | 'reverted' | 'failed';
  /** Why it was not confirmed, as OsPast.cause; ''. */
  readonly cause: string;
  readonly reason: string;
  /** ms since 1970, by the host's clock. */
  readonly at: number;
  readonly run: string;
  readonly owner: string;
}

/** The host's clock minus ours; the truth lies within `withinMs` of it (half of the round trip). */
export interface ClockState {
  readonly offsetMs: number;
  readonly withinMs: number;
}

export interface HostStatusReport {
  readonly name: string;
  readonly address: string;
  /** Over SSH. */
  readonly reached: boolean;
  readonly os: OsState | null;
  /** The host's own updater; null: there is none, or it could not be asked. */
  readonly zincati?: ZincatiState | null;
  /** Against this machine's; null: it could not be asked. */
  readonly clock?: ClockState | null;
  /** Since its last boot; null: it could not be asked. */
  readonly uptimeSec?: number | null;
  /** null: it could not be asked. */
  readonly guard?: GuardWord | null;
  /** null: there was none, or it could not be asked. */
  readonly lastUpgrade?: LastUpgrade | null;
  /** The last confirmed generation of configuration; 0: none. */
  readonly generation: number;
  readonly helper: { readonly version: string; readonly isCurrent: boolean } | null;
  /** By service; only those that the host has. */
  readonly services: Readonly<Record<string, ServiceState>>;
  /** A change set, or an OS upgrade, that has not ended. `reason` of a failed one. */
  readonly changeSet: (SlotState & { readonly reason?: string }) | null;
  /** A lease that has not expired. */
  readonly lease: LeaseState | null;
  /** The last change set was undone, and none was confirmed since. */
  readonly reverted: RevertedState | null;
  readonly drift: readonly DriftedPath[];
  readonly pending?: readonly PendingChanges[];
  /** Roles that wrote files here and that no playbook describes any more: nothing will update or delete those. */
  readonly undescribed: readonly { readonly role: string; readonly files: number }[];
  readonly error: ErrorReport | null;
}

export interface FleetStatus {
  /** In the order of the playbooks; the columns. */
  readonly services: readonly string[];
  readonly hosts: readonly HostStatusReport[];
  /** Playbooks, vars and zones that are wrong: their services could not be asked. */
  readonly problems: readonly ErrorReport[];
  /** What else people should know: a service that can only be asked from another host. */
  readonly notes: readonly string[];
}

/** Hosts by what their services do. A service that is not in service counts neither way. */
export interface FleetVerdict {
  readonly serving: readonly string[];
  /** Host, and the services that fail there. */
  readonly failing: readonly { readonly host: string; readonly services: readonly string[] }[];
  readonly unreached: readonly string[];
  /** Nothing of the fleet is in service yet. */
  readonly isIdle: boolean;
}

/** It runs, and its settings let it update: then it boots the host when it likes, as soon as nothing of ours is open. */
export function mayZincatiUpdate({ active, status }: ZincatiState): boolean {
  return active === 'active' && !status.includes('auto-updates logic disabled');
}

export function fleetVerdict({ hosts }: Pick<FleetStatus, 'hosts'>): FleetVerdict {
  const failing = hosts.flatMap(({ name, services, reached }) => {
    const bad = Object.entries(services).filter(([, { state }]) => state === 'fails');
    return reached && bad.length > 0 ? [{ host: name, services: bad.map(([service]) => service) }] : [];
  });
  const words = hosts.flatMap(({ services }) => Object.values(services).map(({ state }) => state));
  const bad = new Set(failing.map(({ host }) => host));
  return {
    serving: hosts.filter(({ name, reached }) => reached && !bad.has(name)).map(({ name }) => name),
    failing,
    unreached: hosts.filter(({ reached }) => !reached).map(({ name }) => name),
    isIdle: words.every((word) => word === 'not-in-service' || word === 'unknown'),
  };
}
