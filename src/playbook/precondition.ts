/**
 * What must hold before a role changes a host, beyond "the peers serve": asked of every member that can be reached and judged together, as
 * no single host can tell it (clocks that differ, two servers that lost sight of each other, leases that a new pool would orphan).
 */
export interface Precondition {
  /** `kea-dhcp4`: names it in messages. */
  readonly name: string;
  /** bash, run as root on every member, the host itself included. It must change nothing. */
  readonly script: string;
  readonly timeoutSec: number;
  /** Pure. `answers`: by host name; a member that could not be asked is missing. */
  judge(answers: ReadonlyMap<string, HostAnswer>): PreconditionVerdict;
}

/** What the script said on one member. */
export interface HostAnswer {
  /** null: it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** By one clock of the machine that asks, ms: the answer was given between these two moments. */
  readonly askedMs: number;
  readonly answeredMs: number;
}

export interface PreconditionVerdict {
  /** Why the host must not be touched now; undefined: it may be. */
  readonly refusal?: {
    /** `the clocks of ns1 and ns2 are 90 s apart`. */
    readonly message: string;
    readonly detail: readonly string[];
    readonly remedy: string;
  };
  /** What people should know although the change goes on. */
  readonly warnings: readonly string[];
}
