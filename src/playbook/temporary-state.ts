/**
 * What must hold on a host for a while so that another one (or the host itself) can be changed without a gap: Kea's maintenance, a drain.
 * Never a loose command: it lives in a unit on the host where it holds, which ends with the lease there; its end undoes the state.
 */
export interface TemporaryState {
  /** Names the unit: lower-case letters, digits and dashes: `kea-maintenance`. */
  readonly name: string;
  /** The host where it holds: a peer of the host that is changed, or that host itself. */
  readonly on: string;
  /**
   * `change`: entered when the plan changes something of the role on the host; `stop`: only before the host is rebooted, as an upgrade does;
   * `both`. Entered between `ready` and `go`, left after confirm or revert.
   */
  readonly when: 'change' | 'stop' | 'both';
  /** Of changes, only those that act on this unit in one of these ways. Default: every change of the role. */
  readonly only?: { readonly unit: string; readonly actions: readonly ('start' | 'restart' | 'reload' | 'stop')[] };
  /** bash, run as root. Exit 0: the state was asked for. What it prints is shown when it fails. */
  readonly enter: string;
  /** bash: exit 0 once the state holds; tried until `withinSec` is over. It changes nothing. */
  readonly proven: string;
  /** bash: undoes the state. Also run by the host itself when the lease there has ended. Must do no harm when there is nothing to undo. */
  readonly leave: string;
  /** bash: exit 0 once everything is as without the state. The run waits for it before it touches the next host. */
  readonly left: string;
  /** For `enter` and `proven` together, s; below the 10 s between `ready` and `go`. */
  readonly withinSec: number;
  /** For `left`, s. */
  readonly leftWithinSec: number;
}
