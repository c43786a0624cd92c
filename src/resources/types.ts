/** Desired state as plain data: what a role says a host should be. Constructors stand in the files beside this one. */
import type { Zone } from '../dns/zone.ts';
import type { Secret } from '../secrets/secret.ts';

/** `<kind>:<name>`, unique per host: `file:/etc/coredns/Corefile`, `unit:coredns.service`. */
export type ResourceId = `${ResourceKind}:${string}`;
export type ResourceKind = 'file' | 'directory' | 'quadlet' | 'zone' | 'unit' | 'image' | 'command' | 'podman-secret';

/**
 * Proves, on the host and before anything is replaced, that the service's own program accepts what is coming.
 * The helper lays out a preview folder, replaces `{dir}` in argv by its path, and runs argv there as root.
 * Exit 0 accepts; anything else refuses the whole change set, and stdout and stderr are shown as the program's own words.
 */
export interface Validation {
  /** `coredns`, `kea-dhcp4 -t`: shown to the user. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly timeoutSec: number;
  /** Files of the host as they will be (staged when they change, else the present ones), copied into the preview folder. */
  readonly preview: readonly { readonly path: string; readonly as: string }[];
  /** Further files of the preview folder, e.g. a copy of a configuration with scratch ports. */
  readonly scratch: readonly { readonly as: string; readonly content: string }[];
}

export interface FileAttributes {
  /** Permission bits, e.g. 0o644. */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

export interface FileResource extends FileAttributes {
  readonly kind: 'file';
  readonly id: ResourceId;
  /** Absolute, normalised. */
  readonly path: string;
  /** With a secret in it, it is neither shown nor compared in public, and only root and the group may read the file. */
  readonly content: string | Uint8Array | Secret;
  readonly validate?: Validation;
  /** Tells a change in the words of what the file describes, not line by line. Pure; undefined: it cannot read what stood there. */
  readonly describe?: (before: string | undefined) => FileDescription | undefined;
}

/** A change of a file in words. */
export interface FileDescription {
  /** In a word or two, beside the file's name: `subnets ~1`. */
  readonly detail?: string;
  /** As a diff shows them: `+ pool …`, `- …`, `~ …`. */
  readonly lines: readonly string[];
}

export interface DirectoryResource extends FileAttributes {
  readonly kind: 'directory';
  readonly id: ResourceId;
  readonly path: string;
}

/** A podman quadlet (podman-systemd.unit(5)): a file, and the unit that the generator makes of it. */
export interface QuadletResource extends FileAttributes {
  readonly kind: 'quadlet';
  readonly id: ResourceId;
  readonly path: string;
  /** References to podman secrets in it get their names when it is planned (podman-secret.ts). */
  readonly content: string;
  /** The generated unit: `coredns.service` of `coredns.container`. */
  readonly unit: string;
}

/** A DNS zone served from a master file. Its serial is managed: see src/dns/serials.ts. */
export interface ZoneResource extends FileAttributes {
  readonly kind: 'zone';
  readonly id: ResourceId;
  readonly path: string;
  readonly zone: Zone;
}

export interface UnitResource {
  readonly kind: 'unit';
  readonly id: ResourceId;
  readonly unit: string;
  readonly state: 'started' | 'stopped';
  /** undefined: left as it is (quadlets are enabled by their [Install] section, systemctl cannot). */
  readonly enabled?: boolean;
  /** Changes of these resources restart the unit; a restart includes what a reload would do. */
  readonly restartOn: readonly ResourceId[];
  /** Changes of these resources reload the unit. */
  readonly reloadOn: readonly ResourceId[];
  /** Units are acted on in this order (lowest first), then in the order in which they were declared. Default 50. */
  readonly order: number;
  /** After a start or restart the unit must stay active for so long, s. Default 4; 0 after a reload. */
  readonly settleSec: number;
}

/** A container image that must be in the host's storage before the service is touched. */
export interface ImageResource {
  readonly kind: 'image';
  readonly id: ResourceId;
  /** Fully qualified, with tag or digest. */
  readonly name: string;
}

/** What no other resource says. Runs as root by bash -c after files were swapped, in declaration order. */
export interface CommandResource {
  readonly kind: 'command';
  readonly id: ResourceId;
  readonly name: string;
  readonly script: string;
  /** Not run when this path exists. */
  readonly creates?: string;
  /** Not run when this script exits 0 (run while observing: it must not change anything). */
  readonly unless?: string;
  /** Run only when one of these resources changes. */
  readonly onChangeOf?: readonly ResourceId[];
  /** Reported as changed only when stdout matches this regular expression; default: whenever it ran. */
  readonly changedWhen?: string;
  /** Undoes the command when the change set is reverted; without it the report says that it was not undone. */
  readonly undo?: string;
  readonly timeoutSec: number;
}

/** A secret in podman's own store, for containers (podman-secret(1)). */
export interface PodmanSecretResource {
  readonly kind: 'podman-secret';
  readonly id: ResourceId;
  /** Without the suffix that it has on the host. */
  readonly name: string;
  readonly value: Secret;
}

export type Resource =
  | FileResource
  | DirectoryResource
  | QuadletResource
  | ZoneResource
  | UnitResource
  | ImageResource
  | CommandResource
  | PodmanSecretResource;
