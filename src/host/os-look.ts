/** What the host says about its deployments, Zincati, and upgrades of before: the answer of `os_look` as values. */
import type { OsDenied } from './os-verbs.ts';
import type { SlotWord } from './steps.ts';

/** One entry of `rpm-ostree status --json`, with what only `ostree admin status --json` knows. */
export interface OsDeployment {
  /** `checksum.serial`: names it on this host. */
  readonly name: string;
  readonly osname: string;
  readonly checksum: string;
  readonly serial: number;
  /** Boot order; 0 is the default. */
  readonly index: number;
  readonly booted: boolean;
  readonly staged: boolean;
  readonly pinned: boolean;
  /** Of the staged one: a plain reboot would not finalise it. From ostree: rpm-ostree's own key says nothing (it never shows). */
  readonly locked: boolean;
  readonly version: string;
  /** The commit's time, s since 1970: what rpm-ostree calls older and newer by. */
  readonly timestamp: number;
  /** ostree origins: `fedora:fedora/x86_64/coreos/stable`. */
  readonly refspec: string | undefined;
  /** OCI origins: the reference with its transport, and `sha256:…`. */
  readonly image: { readonly reference: string; readonly digest: string | undefined } | undefined;
  /** Of the commit without what was layered here; the checksum itself where nothing is layered. */
  readonly baseChecksum: string;
  /** Packages and overrides asked for on this host. */
  readonly layered: readonly string[];
  /** `none`, `development`, `hotfix`, `transient`. */
  readonly unlocked: string;
}

export interface OsZincati {
  /** ActiveState; '' where there is no such unit. */
  readonly active: string;
  readonly enabled: string;
  /** StatusText: what it is at, in its own words. */
  readonly status: string;
  /** The drop-in that holds it while a slot is open is in this deployment's /etc and loaded. */
  readonly isHeldBySlot: boolean;
  /** Denied releases that it would take, for which it is held now; undefined: it is not. */
  readonly heldFor?: string;
}

/** An os slot that ended. */
export interface OsPast {
  readonly id: string;
  readonly run: string;
  readonly owner: string;
  readonly generation: number;
  readonly state: SlotWord;
  readonly action: string;
  readonly from: string;
  readonly fromVersion: string;
  readonly to: string;
  readonly toVersion: string;
  readonly target: string;
  /**
   * Why it was not confirmed: `checks` (red, the guard's or the controller's), `second-boot`, `person`, `deadline`, `abort`,
   * `not-applied` (the host never came up with the target); '' when nobody knows, or it was confirmed.
   */
  readonly cause: string;
  readonly reason: string;
  /** Words of the host: of the units that failed, of the finalisation. */
  readonly detail: readonly string[];
  /** ms since 1970, by the host's clock. */
  readonly atMs: number;
}

/** The open os slot. */
export interface OsSlot {
  readonly id: string;
  readonly run: string;
  readonly owner: string;
  readonly state: SlotWord;
  readonly action: string;
  readonly from: string;
  /** '' until it was staged. */
  readonly to: string;
  readonly toVersion: string;
  readonly target: string;
  readonly cause: string;
  /** The boot of the trial; '' before it. What confirm must name. */
  readonly trialBoot: string;
  readonly deadlineInSec: number | undefined;
}

export interface OsLook {
  readonly bootId: string;
  readonly uptimeSec: number;
  /** `checksum.serial` of what is booted, by the kernel's command line; '' on a host without ostree. */
  readonly booted: string;
  readonly deployments: readonly OsDeployment[];
  /** The title or method of the transaction that runs; undefined: none. */
  readonly transaction: string | undefined;
  /** The driver that registered, as rpm-ostree has it: `Zincati`. It stays after the unit was stopped. */
  readonly driver: string | undefined;
  /** rpm-ostree did not answer: its words. The list is empty then. */
  readonly failure: readonly string[];
  /** Of the running kernel. */
  readonly kernelArguments: string;
  readonly zincati: OsZincati;
  readonly denied: readonly OsDenied[];
  /** Bytes that root may still write; undefined where the path is no mount of its own and not there. */
  /** The largest kernel with its initramfs on /boot: what another one will need. undefined: none was found. */
  readonly kernelBytes: number | undefined;
  readonly freeBytes: {
    readonly boot: number | undefined;
    readonly var: number | undefined;
    readonly sysroot: number | undefined;
  };
  /** Who holds a `block` inhibitor for shutdown: `who: why`. */
  readonly inhibitors: readonly string[];
  /** `ostree-boot-complete.service` failed in this boot: the finalisation of the last one did; its words. */
  readonly finalizeFailure: string | undefined;
  /** The confirmed configuration does not fit this OS: its /etc keeps its own generation; the first of the words. */
  readonly reconcileFailure: string | undefined;
  /** The slot that is open now, when it is of kind os. */
  readonly slot: OsSlot | undefined;
  /** The last five os slots that ended, oldest first. */
  readonly past: readonly OsPast[];
}
