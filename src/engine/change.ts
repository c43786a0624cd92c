/** The changes of one plan, each with what stood there and what comes: diff, change set and report are made from the same value. */
import type { FileAttributes, Resource, ResourceId } from '../resources/types.ts';
import type { Secret } from '../secrets/secret.ts';
import type { ManagedEntry, PathState } from './observation.ts';

export type FileLikeResource = Extract<Resource, { readonly path: string; readonly kind: 'file' | 'quadlet' | 'zone' }>;

export interface WriteChange extends FileAttributes {
  readonly kind: 'write';
  readonly id: ResourceId;
  readonly role: string;
  readonly resource: FileLikeResource;
  readonly action: 'create' | 'update';
  readonly path: string;
  readonly content: Uint8Array | Secret;
  readonly sha256: string;
  readonly before: PathState;
  /** The file is ours and was edited by hand since we wrote it. */
  readonly handEdited: boolean;
  /** What we wrote there last, if anything. */
  readonly written?: ManagedEntry;
  /** Zones: the serial that is written. */
  readonly serial?: number;
}

export interface DirectoryChange extends FileAttributes {
  readonly kind: 'directory';
  readonly id: ResourceId;
  readonly role: string;
  readonly action: 'create' | 'update';
  readonly path: string;
  readonly before: PathState;
}

/** Something that a role wrote earlier and no longer describes. */
export interface DeleteChange {
  readonly kind: 'delete';
  readonly id: ResourceId;
  readonly role: string;
  readonly action: 'delete';
  readonly path: string;
  readonly entry: ManagedEntry;
  readonly before: PathState;
  readonly handEdited: boolean;
}

export interface UnitChange {
  readonly kind: 'unit';
  readonly id: ResourceId;
  readonly role: string;
  readonly action: 'start' | 'stop' | 'restart' | 'reload' | 'enable' | 'disable';
  readonly unit: string;
  readonly when: 'before' | 'after';
  readonly settleSec: number;
  /** Why, for people: ids of the changes that call for it, or what is wrong with the unit. */
  readonly because: readonly string[];
}

export interface CommandChange {
  readonly kind: 'command';
  readonly id: ResourceId;
  readonly role: string;
  readonly action: 'run';
  readonly resource: Extract<Resource, { readonly kind: 'command' }>;
}

/** An image that is not on the host yet. */
export interface ImageChange {
  readonly kind: 'image';
  readonly id: ResourceId;
  readonly role: string;
  readonly action: 'create';
  readonly name: string;
}

/** A podman secret with another value, or none yet: made under a new name, which its quadlets then use. */
export interface PodmanSecretChange {
  readonly kind: 'podman-secret';
  readonly id: ResourceId;
  readonly role: string;
  readonly action: 'create' | 'update';
  readonly hostName: string;
  readonly value: Secret;
}

export type Change =
  | WriteChange
  | DirectoryChange
  | DeleteChange
  | UnitChange
  | CommandChange
  | ImageChange
  | PodmanSecretChange;
