/** The codes of the helper's errors. */

/** Why the helper refused or failed. Fields are only added; an unknown code is shown as it stands. */
export type HostErrorCode =
  /** Arrived damaged, or with records that this helper does not know. */
  | 'receive'
  /** Another boot than the one that was observed. */
  | 'booted'
  /** A target is not what the plan saw: plan anew. */
  | 'stale'
  | 'locked'
  | 'missing-folder'
  | 'unsafe-folder'
  | 'symlink'
  | 'image-missing'
  | 'podman-secret'
  | 'owner'
  | 'label'
  | 'validation'
  | 'quadlet'
  | 'no-space'
  | 'read-only'
  | 'immutable'
  | 'write-failed'
  | 'no-go'
  | 'daemon-reload'
  | 'unit-failed'
  | 'command-failed'
  | 'revert-failed'
  | 'no-slot'
  | 'other-slot'
  | 'not-applied'
  | 'record'
  /** Not installed in this version: install.ts first. */
  | 'helper'
  | 'no-guard'
  /** The host to be repaired serves by now. */
  | 'serves'
  | 'inhibitor'
  /** A temporary state that was not entered, not proven, or not left. */
  | 'hold'
  | 'install'
  | 'self-test'
  | 'reconcile-failed'
  /** Not an ostree host, or rpm-ostree or ostree failed: their words are the detail. */
  | 'ostree'
  /** Zincati runs although the slot is open, or nothing in this /etc would hold it. */
  | 'zincati'
  /** Another transaction of rpm-ostree runs. */
  | 'transaction'
  /** Something is staged that is not ours, or what is staged is not the target, or not locked. */
  | 'staged'
  | 'stage-failed'
  /** The way back, or the target of a rollback, is not on disk. */
  | 'not-on-disk'
  /** The default is not the booted deployment: a reboot would change the OS. */
  | 'default'
  /** Somebody keeps the host from shutting down (systemd-inhibit --list). */
  | 'inhibited'
  | 'usage';
