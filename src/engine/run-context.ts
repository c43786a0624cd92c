/** What every part of a run needs: options, the outside world as interfaces, and where events go. */

import type { Zone } from '../dns/zone.ts';
import { HostRequestError } from '../host/errors.ts';
import type { HelperOptions } from '../host/helper.ts';
import type { Inventory } from '../inventory/model.ts';
import type { Transport } from '../ssh/transport.ts';
import type { Emit } from './events.ts';
import type { HostRole } from './host-roles.ts';

export interface RunOptions {
  /** Ansible's --limit pattern. */
  readonly limit?: string;
  readonly check: boolean;
  /** Diffs in the change reports. */
  readonly diff: boolean;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  /** Hosts talked to at the same time. Default 10. */
  readonly forks: number;
  /** The guard's deadline, s: 5 or more, default 120. */
  readonly confirmWithinSec: number;
  /** How long a host that another run holds is waited for, s. Default 0. */
  readonly waitLockSec: number;
  /** Touch a serving host although its peers do not serve. Recorded. */
  readonly forceUnsafe: boolean;
}

/** Deadlines of a run, all settings: users have these defaults, tests run the same code in seconds. */
export interface Deadlines {
  /** TCP, key exchange and login. */
  readonly connectMs: number;
  readonly observeMs: number;
  /** From the first byte of the bundle to `applied`, image pulls excluded. */
  readonly applyMs: number;
  /** How long a changed service may take until its probes pass. */
  readonly probesMs: number;
  /** One short verb of the helper: confirm, status, a lease. */
  readonly confirmMs: number;
  /** Beyond the guard's deadline: how long the end of a change is asked for. */
  readonly outcomeMs: number;
  /** A lease runs out so long after its last renewal, s; renewed every third of it. More than GO_SECONDS. */
  readonly leaseSec: number;
}

/** A host takes `go` only so long after its own `ready`, s. The host's own figure: src/host/apply.sh. */
export const GO_SECONDS = 10;

export const DEFAULT_DEADLINES: Deadlines = {
  connectMs: 10_000,
  observeMs: 30_000,
  applyMs: 300_000,
  probesMs: 30_000,
  confirmMs: 15_000,
  outcomeMs: 60_000,
  leaseSec: 30,
};

/**
 * The defaults with what was set. The leases of the peers are renewed between `ready` and `go`: they must outlast what a host still takes
 * as `go`, else a controller that sleeps in between touches one host while another run touches its peer (docs/protocol.md, R15).
 * @throws HostRequestError for a lease that does not.
 */
export function resolveDeadlines(set: Partial<Deadlines> = {}): Deadlines {
  const deadlines = { ...DEFAULT_DEADLINES, ...set };
  if (deadlines.leaseSec > GO_SECONDS) return deadlines;
  throw new HostRequestError(
    `a lease of ${deadlines.leaseSec} s could run out while a host still waits for go (${GO_SECONDS} s)`,
    { remedy: `Set leaseSec to more than ${GO_SECONDS}.` },
  );
}

export interface RunContext {
  /** Short random id of the run, as history and messages name it. */
  readonly run: string;
  /** `user@controller`: who holds locks. */
  readonly owner: string;
  readonly inventory: Inventory;
  readonly zones: () => readonly Zone[];
  /** The roles of all playbooks, on all hosts: what else a host serves. Asked only when one is about to be changed. Default: nobody knows. */
  readonly projectRoles?: () => Promise<readonly HostRole[]>;
  readonly transport: Transport;
  readonly options: RunOptions;
  readonly deadlines: Deadlines;
  /** How the helper is built; `faults` only in tests. */
  readonly helper: HelperOptions;
  readonly emit: Emit;
  /** Aborted by the first Ctrl-C: no further host is begun, the current one is ended safely. */
  readonly signal: AbortSignal;
  /** Asked once, before the first write; false ends the run untouched. Undefined: not asked. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Local calendar day as YYYYMMDD, for zone serials. */
  readonly today: () => string;
}
