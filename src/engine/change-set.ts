/** One plan as the host receives it: files, unit actions and checks that are applied, confirmed or reverted as one. */
import type { Validation } from '../resources/types.ts';
import type { Secret } from '../secrets/secret.ts';
import type { ManagedEntry, PodmanSecretEntry } from './observation.ts';

/** What the plan saw at a path; the host refuses the change set when it finds something else (plan anew). */
export interface ExpectedFile {
  readonly sha256: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

export interface FileChange {
  readonly path: string;
  /** null: delete. */
  readonly content: Uint8Array | Secret | null;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** null: nothing stands there. */
  readonly before: ExpectedFile | null;
}

export interface DirectoryChange {
  readonly path: string;
  readonly action: 'create' | 'update' | 'delete';
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

export interface UnitAction {
  readonly unit: string;
  readonly action: 'restart' | 'reload' | 'start' | 'stop' | 'enable' | 'disable';
  /** `before`: ahead of the swap (a unit whose file goes); `after`: once everything is in place and loaded. */
  readonly when: 'before' | 'after';
  readonly settleSec: number;
}

export interface CommandAction {
  readonly id: string;
  readonly script: string;
  readonly undo?: string;
  readonly timeoutSec: number;
  /** Units actions and commands run in the order of `step` (then units before commands). */
  readonly step: number;
}

/** A unit that the quadlet generator must make of a file of this change set. */
export interface ExpectedQuadlet {
  readonly path: string;
  readonly unit: string;
}

export interface ChangeSet {
  /** Random, 12 hex digits. */
  readonly id: string;
  readonly run: string;
  /** `user@controller`. */
  readonly owner: string;
  /** The boot id that was observed; another one on the host refuses the change set. */
  readonly bootId: string;
  /** The guard reverts when nobody confirmed for so long, s. */
  readonly confirmWithinSec: number;
  /** In order of path depth: parents first (deletions: children first). */
  readonly directories: readonly DirectoryChange[];
  readonly files: readonly FileChange[];
  readonly quadlets: readonly ExpectedQuadlet[];
  /** Pulled when missing, before anything else; a missing image refuses the change set. */
  readonly images: readonly string[];
  readonly validations: readonly Validation[];
  readonly daemonReload: boolean;
  readonly units: readonly UnitAction[];
  readonly commands: readonly CommandAction[];
  /** The whole manifest after this change set: every file that we manage on the host, of all roles. */
  readonly managed: readonly ManagedEntry[];
  /** The podman secrets of that manifest. */
  readonly podmanSecrets?: readonly PodmanSecretEntry[];
  /** Those that are made before anything else, under names that nothing uses yet. */
  readonly newSecrets?: readonly { readonly hostName: string; readonly value: Secret }[];
  /** Serials that this change set writes, remembered for ever. */
  readonly serials: readonly { readonly zone: string; readonly serial: number }[];
}
