/** What one round trip says of a host: the answers of the helper's verb `observe`, parsed. */

/** What stands at a path. `sha256` of regular files only; `target` of symlinks only. */
export type PathState =
  | { readonly type: 'absent' }
  | {
      readonly type: 'file' | 'directory' | 'symlink' | 'other';
      readonly mode: number;
      readonly owner: string;
      readonly group: string;
      readonly size: number;
      /** Modification time, seconds since 1970. */
      readonly mtime: number;
      readonly sha256?: string;
      readonly target?: string;
    };

/** systemctl show of one unit; names and values are systemd's. */
export interface UnitState {
  readonly load: string;
  readonly active: string;
  readonly sub: string;
  readonly unitFile: string;
  readonly needDaemonReload: boolean;
  readonly restarts: number;
}

/** One file that we wrote and still manage, as the manifest on the host remembers it. */
export interface ManagedEntry {
  /** Whose it is: entries of a role that a run does not cover are left alone. */
  readonly role: string;
  readonly kind: 'file' | 'directory' | 'quadlet' | 'zone';
  readonly path: string;
  /** '' for directories. */
  readonly sha256: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** Quadlets: the generated unit, stopped before its file is deleted. Else ''. */
  readonly unit: string;
  /** A secret stood in it: neither its content nor what a hand made of it is shown. */
  readonly secret?: true;
}

/** A podman secret that we made, as the manifest on the host remembers it. */
export interface PodmanSecretEntry {
  readonly role: string;
  /** As a role names it. */
  readonly name: string;
  /** As podman has it: the name, a dash and 12 random hex digits. */
  readonly hostName: string;
  /** Tells whether a value is the same (src/secrets/fingerprint.ts). It stays between this host and the engine. */
  readonly fingerprint: string;
}

export interface Facts {
  readonly bootId: string;
  /** OSTREE_VERSION or VERSION of /etc/os-release. */
  readonly osVersion: string;
  readonly osId: string;
  readonly hostname: string;
  readonly ostreeBooted: boolean;
  /** Seconds since boot (/proc/uptime). */
  readonly uptimeSec: number;
  /** Version of the helper installed on the host, '' if none. */
  readonly helperVersion: string;
}

/** The open slot: an unconfirmed change set (docs/protocol.md). */
export interface SlotState {
  readonly id: string;
  readonly kind: 'config' | 'os';
  readonly state: string;
  readonly run: string;
  readonly owner: string;
  /** Seconds until the guard reverts; undefined when it is not known. */
  readonly deadlineInSec?: number;
}

/** The last change set of a host, when it was undone and nothing was confirmed since. */
export interface RevertedState {
  readonly number: number;
  readonly id: string;
  readonly kind: 'config' | 'os';
  readonly run: string;
  readonly owner: string;
  /** By the host's clock, ms since 1970. */
  readonly at: number;
  /** The host's own word: `nobody confirmed it in time`; '' when it could not write it down. */
  readonly reason: string;
}

export interface LeaseState {
  readonly owner: string;
  readonly run: string;
  readonly purpose: string;
  /** Seconds until it expires; negative: expired. */
  readonly expiresInSec: number;
  /** Seconds since it was taken. */
  readonly heldForSec: number;
}

export interface Observation {
  readonly facts: Facts;
  readonly paths: ReadonlyMap<string, PathState>;
  readonly units: ReadonlyMap<string, UnitState>;
  /** Image names that are present. */
  readonly images: ReadonlySet<string>;
  /** By command id: true when `creates`/`unless` say that it need not run. */
  readonly commandsSatisfied: ReadonlyMap<string, boolean>;
  /** Serial in the SOA line of zone files that are in our canonical form, by path. */
  readonly zoneSerials: ReadonlyMap<string, number>;
  /** The highest serial ever written for a zone on this host, by zone name. */
  readonly highestSerials: ReadonlyMap<string, number>;
  readonly managed: readonly ManagedEntry[];
  /** Of the manifest; absent on hosts that have none. */
  readonly podmanSecrets?: readonly PodmanSecretEntry[];
  /** Names (as podman has them) of those that are there. */
  readonly presentSecrets?: ReadonlySet<string>;
  /** Number of the last confirmed generation of configuration, 0: none. */
  readonly generation: number;
  readonly reverted?: RevertedState;
  readonly slot?: SlotState;
  readonly lease?: LeaseState;
}

/** What is asked of a host: everything that the resources of one run name. */
export interface ObserveRequest {
  readonly paths: readonly string[];
  readonly units: readonly string[];
  readonly images: readonly string[];
  readonly commands: readonly { readonly id: string; readonly creates?: string; readonly unless?: string }[];
  /** Zone files whose serial is wanted. */
  readonly zonePaths: readonly string[];
}
