/**
 * The helper's verbs for OS upgrades (docs/protocol.md): what to exec, what the host answers. The order of an upgrade is
 * osLookCall → osOpenCall → osStageCall → osGoCommand (ready … go) → boot → osConfirmCall | osRevertCall → osLookCall.
 */
import { sudo } from '../ssh/sudo.ts';
import { CHECKED_HELPER, unitOf } from './bundle.ts';
import type { HelperOptions } from './helper.ts';
import { helperVersion } from './helper.ts';
import { requireNoNul } from './request.ts';
import { type HostCall, verbCall } from './verbs.ts';

/** status --json waits for the daemon to be started (5 min at worst), and nothing here may hang for ever. s */
const LOOK_SECONDS_MAX = 120;
/** A transaction that has to be cancelled first took 33 s with a slow server; then the staged deployment is dropped. s */
const REVERT_SECONDS_MAX = 300;

/** Everything of the host that an upgrade decides on, in one exec, without a lock. `parseOsLook` (os-look.ts) reads the answer. */
export function osLookCall(): HostCall {
  return verbCall(['os_look'], LOOK_SECONDS_MAX);
}

/** What a step is fenced by: refused (`locked`, `other-slot`, `booted`) unless all three are the host's present ones. */
export interface OsFence {
  /** Of the slot. */
  readonly id: string;
  /** Of the lease that is held now; after a boot it is another than the one that the slot was opened with. */
  readonly token: string;
  /** The boot that the controller looked at. */
  readonly bootId: string;
}

export interface OsOpenRequest extends OsFence {
  readonly owner: string;
  readonly run: string;
  /** `rollback`: to a deployment that is on disk; nothing is staged, and it counts as a person's wish. */
  readonly action: 'upgrade' | 'rollback';
  /** The booted deployment, the way back: `checksum.serial`. */
  readonly from: string;
  readonly fromVersion: string;
  /** What names it on every host, as `target`: a rollback that is confirmed puts it on the deny list. */
  readonly fromTarget: string;
  /** rollback: the deployment to go to, `checksum.serial`. upgrade: '' (the host records what it staged). */
  readonly to: string;
  readonly toVersion: string;
  /** For the deny list: what names the target on every host: `sha256:…` of an image, else the ostree commit. */
  readonly target: string;
  /**
   * The trial ends so long after the first boot into the target (soak + 120 s by default), and the slot so long after it was
   * opened, unless osDeadlineCall moves that. s
   */
  readonly withinSec: number;
  /** Units that the guard checks during the trial; those that are not active when the slot is opened are left out. */
  readonly units: readonly string[];
  /** The guard's first look at them, after the boot into the target. s; default 30 */
  readonly checkAfterSec?: number;
  /** Checksum of a staged deployment that may be dropped since it is Zincati's own. '': anything staged is a refusal (`staged`). */
  readonly dropStaged: string;
}

/**
 * Opens the slot (armed, the guard awake), holds Zincati and proves that, proves that no transaction runs and nothing is staged,
 * and pins the booted deployment. Steps `check`, `arm`, `hold`, `pin`; then `opened`. A failure after `arm` ends the slot again
 * as reverted. Needs the installed helper of this version (`helper`) and the lease. The session's end does not end it.
 */
export function osOpenCall(request: OsOpenRequest, options: HelperOptions = {}): HostCall {
  const { id, token, bootId, owner, run, action, from, fromVersion, fromTarget, to, toVersion, target, units } =
    request;
  return installedCall(options, id, 'open', [
    'os_open',
    ...['id', id, 'token', token, 'boot', bootId, 'run', run, 'owner', owner, 'action', action],
    ...[
      'from',
      from,
      'fromVersion',
      fromVersion,
      'fromTarget',
      fromTarget,
      'to',
      to,
      'toVersion',
      toVersion,
      'target',
      target,
    ],
    ...['within', String(Math.ceil(request.withinSec)), 'checkAfter', String(Math.ceil(request.checkAfterSec ?? 30))],
    ...['helper', helperVersion(options), 'dropStaged', request.dropStaged, '--', ...units],
  ]);
}

export interface OsStageRequest extends OsFence {
  /** What `rpm-ostree deploy` gets: `sha256:…` for an OCI origin, `revision=<commit>` for an ostree one. */
  readonly revision: string;
  /** false: rpm-ostree refuses what is older by its commit's time. */
  readonly allowDowngrade: boolean;
}

/**
 * Stages the target, locked against finalisation, and proves it: `progress` lines in rpm-ostree's words, then `staged`.
 * Takes minutes; the host's lock is free meanwhile: the controller renews the lease and moves the deadline beside it.
 * When it fails the slot stays armed (`stage-failed`): osRevertCall ends it. A lost link does not stop it; sent again, it joins.
 */
export function osStageCall(request: OsStageRequest, options: HelperOptions = {}): HostCall {
  const { id, token, bootId, revision, allowDowngrade } = request;
  return installedCall(options, id, 'stage', ['os_stage', id, token, bootId, revision, allowDowngrade ? '1' : '0']);
}

/**
 * The point of no return, a dialogue as with apply: exec it with an open stdin; at `ready` write `go\n` within 10 s.
 * In one locked step: fence, the staged deployment (by checksum and lock; rollback: the target on disk), Zincati, transactions and
 * inhibitors once more, then unlock (rollback: set-default) and reboot. `rebooting` is its last line, and may be lost.
 * A refusal before `rebooting` leaves the slot armed, the staged deployment locked.
 */
export function osGoCommand({ id, token, bootId }: OsFence, options: HelperOptions = {}): string {
  return installedCommand(options, id, 'go', ['os_go', id, token, bootId]);
}

/**
 * A plain reboot, for which there is no slot: a host that comes up with the same OS has nothing that could be undone. Fenced by
 * token and boot, refused while a slot is open, when something unlocked is staged, or the default is not the booted deployment:
 * the reboot would change the OS. The same dialogue: `ready`, `go`, `rebooting`.
 */
export function osRebootCommand(fence: Omit<OsFence, 'id'>, run: string, options: HelperOptions = {}): string {
  return installedCommand(options, run, 'reboot', ['os_reboot', fence.token, fence.bootId]);
}

/** Moves the deadline of an armed or applied os slot to `withinSec` from now, and renews the lease: `deadline`. */
export function osDeadlineCall({ id, token, bootId }: OsFence, withinSec: number): HostCall {
  return verbCall(['os_deadline', id, token, bootId, String(Math.ceil(withinSec))]);
}

/**
 * Why a slot is ended: `checks`: probes are red; `person`: somebody wants it; both put the target on the deny list once the host
 * is back. `abort`: it says nothing about the release.
 */
export type OsRevertCause = 'checks' | 'person' | 'abort';

/**
 * Ends the os slot `id` now. On the old deployment: what is staged is dropped, then `reverted`. On the new one: `going-back`, and
 * the host reboots; ask statusCall until it says `reverted`. `status` when it had ended. `reason` is for the report.
 */
export function osRevertCall(id: string, cause: OsRevertCause, reason: string): HostCall {
  return verbCall(['revert_request', id, cause, reason], REVERT_SECONDS_MAX);
}

/** What a deny entry holds; `target` as in OsOpenRequest, '' and 0 where it is not known. */
export interface OsDenied {
  /** Checksum of the deployment on this host; of an OCI origin it is this host's alone. */
  readonly checksum: string;
  readonly target: string;
  readonly version: string;
  /** `checks`, `second-boot`, `person`, or a word of whoever called osDenyCall. */
  readonly cause: string;
  readonly reason: string;
  readonly run: string;
  /** ms since 1970, by the host's clock. */
  readonly atMs: number;
}

/** Records a release that another host of the fleet rolled back from: `denied`. Under the lease. Replaces an entry of that name. */
export function osDenyCall(token: string, entry: Omit<OsDenied, 'atMs'>): HostCall {
  const { checksum, target, version, cause, reason, run } = entry;
  return verbCall(['os_deny', token, checksum, target, version, cause, reason, run]);
}

/** Takes every entry with this checksum, target or version away: `undenied`. Under the lease. */
export function osUndenyCall(token: string, name: string): HostCall {
  return verbCall(['os_undeny', token, name]);
}

function installedCall(options: HelperOptions, id: string, part: string, words: readonly string[]): HostCall {
  return { command: installedCommand(options, id, part, words), stdin: new Uint8Array() };
}

/** A unit of its own for each try, so that a repeated call never meets the name of the former; the guard kills all of an id. */
function installedCommand(options: HelperOptions, id: string, part: string, words: readonly string[]): string {
  const unit = `${id}-${part}-${crypto.randomUUID().slice(0, 8)}`;
  const helper = [CHECKED_HELPER, 'bash', helperVersion(options), ...words.map(requireNoNul)];
  return sudo([...unitOf(unit, `upgrades the OS: ${part}`), '/bin/bash', '-c', ...helper]);
}
