/**
 * Kea's maintenance: while one host is changed or stopped its partner serves alone, by agreement, so that no client waits (Kea ARM,
 * "Controlled Shutdown and Maintenance of DHCP Servers"). Asked of the partner that stays, and decided on states: the command says "success"
 * also when it cannot reach the other server, and then declares it dead.
 */
import type { TemporaryState } from 'coreos-infra';
import type { Daemon } from '../../src/kea/daemon.ts';
import { askFunction } from '../../src/kea/member-answer.ts';
import type { HaSettings } from '../../src/kea/model.ts';

/** Below the time between `ready` and `go`, s. */
const ENTER_SEC = 8;
/** A restarted partner synchronises its leases first, s. */
const LEFT_SEC = 60;

/** Undefined: this server has no partner. */
export function maintenance(daemon: Daemon, ha: HaSettings | undefined): TemporaryState | undefined {
  const stays = ha?.peers.find(({ name }) => name !== ha.thisServer);
  if (stays === undefined) return undefined;
  const look = lookScript(daemon);
  return {
    name: `kea-maintenance-${daemon.family}`,
    on: stays.name,
    when: 'both',
    // Only when the two see each other: else it would be declared dead, and both would serve.
    enter: `${look}
look || exit 0
case $local in
  hot-standby | load-balancing) ;;
  partner-in-maintenance) exit 0 ;;
  *) exit 0 ;;
esac
[[ $touch == true ]] || { echo "its partner is not in touch ($remote): no maintenance is begun" >&2; exit 1; }
answer=$(kea ${daemon.family} ha-maintenance-start)
jq -r '.text // "no answer"' <<<"\${answer:-{\\}}"
`,
    // A server that has no partner in service has nobody to hand over from.
    proven: `${look}
look || exit 0
case $local in
  partner-in-maintenance) [[ $remote == in-maintenance ]] ;;
  partner-down | waiting | terminated) ;;
  *) false ;;
esac || { echo "state $local, its partner $remote" >&2; exit 1; }
`,
    leave: `${look}
look || exit 0
[[ $local == partner-in-maintenance ]] || exit 0
answer=$(kea ${daemon.family} ha-maintenance-cancel)
look && [[ $local != partner-in-maintenance ]] || { jq -r '.text // "no answer"' <<<"\${answer:-{\\}}" >&2; exit 1; }
`,
    left: `${look}
look || exit 0
case $local/$remote/$touch in
  hot-standby/hot-standby/true | load-balancing/load-balancing/true) ;;
  *) echo "state $local, its partner $remote" >&2; exit 1 ;;
esac
`,
    withinSec: ENTER_SEC,
    leftWithinSec: LEFT_SEC,
  };
}

/** `look`: sets local, remote and touch; fails when this server does not run, or runs without HA: then there is nothing to do. */
function lookScript({ family }: Daemon): string {
  return `${askFunction()}
look() {
  local said
  said=$(kea ${family} status-get | jq -r '.arguments["high-availability"][0]["ha-servers"] | "\\(.local.state) \\(.remote["last-state"]) \\(.remote["in-touch"])"' 2>/dev/null) || return 1
  read -r local remote touch <<<"$said"
  [[ -n $local && $local != null ]]
}`;
}
