/**
 * For a reload: the partner serves the other's clients too, until that one serves again. Both stay in their normal states.
 *
 * A reload lasts 20 to 150 ms, and then the server is silent for a heartbeat, since it begins at `waiting`. Maintenance would do as well, were it not for
 * its end, in which nobody answers for up to a heartbeat more, and which a busy pair may have to try several times (maintenance.ts). Measured on 2.6.3 at 5
 * exchanges a second, for one change of both servers: maintenance lost 3 to 13 of them, this none or one (docs/dhcp.md).
 */
import type { TemporaryState } from 'coreos-infra';
import type { Daemon } from '../../src/kea/daemon.ts';
import { peerUrl } from '../../src/kea/ha.ts';
import type { HaSettings } from '../../src/kea/model.ts';
import { insistFunctions } from './insist.ts';
import { ENTER_SEC, LEFT, LEFT_SEC, pairFunctions, partnersOf } from './pair-scripts.ts';

/** Looks at both servers until the one that was reloaded serves, at most. */
const LEAVE_LOOKS = 200;

/** Undefined: this server has no partner. */
export function handover(daemon: Daemon, ha: HaSettings | undefined): TemporaryState | undefined {
  const partners = ha === undefined ? undefined : partnersOf(ha);
  if (ha === undefined || partners === undefined) return undefined;
  const functions = `${pairFunctions(daemon, peerUrl(ha, partners.goes))}${insistFunctions(daemon, ha, partners.stays)}`;
  return {
    name: `kea-handover-${daemon.family}`,
    on: partners.stays.name,
    when: 'change',
    only: { unit: `${daemon.name}.service`, actions: ['reload'] },
    enter: `${functions}${STAY_OPEN}${ENTER}`,
    proven: `${functions}${PROVEN}`,
    leave: `${functions}${LEAVE}`,
    left: `${functions}${LEFT}`,
    withinSec: ENTER_SEC,
    leftWithinSec: LEFT_SEC,
  };
}

const ENTER = `
look || exit 0
is_normal "$local" || exit 0
[[ $touch == true ]] || { echo "its partner is not in touch ($remote): nothing is handed over" >&2; exit 1; }
serve "$all"
stay_open_for_partner </dev/null >/dev/null 2>&1 &
`;

/** In the background until the state is left. Only in a normal state: there it tells its partner of each lease, also while that one synchronises. */
export const STAY_OPEN = `
stay_open_for_partner() {
  while sleep 0.1; do
    case $(other) in
      waiting | syncing | ready) look && is_normal "$local" && stay_open || stop_staying_open ;;
      *) stop_staying_open ;;
    esac
  done
}
`;

const PROVEN = `
look || exit 0
! is_normal "$local" || [[ $scopes == "$all" ]] || { echo "state $local, it serves $scopes and not $all" >&2; exit 1; }
`;

const LEAVE = `
for ((looks = 0; looks < ${LEAVE_LOOKS}; looks++)); do
  look || exit 0
  is_normal "$local" || exit 0
  share && exit 0
  sleep 0.05
done
serve "$own"
`;
