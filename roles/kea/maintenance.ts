/**
 * Kea's maintenance: while one host is changed or stopped its partner serves alone, by agreement, so that no client waits (Kea ARM,
 * "Controlled Shutdown and Maintenance of DHCP Servers"). Asked of the partner that stays, and decided on states: the command says "success"
 * also when it cannot reach the other server, and then declares it dead.
 */
import type { TemporaryState } from 'coreos-infra';
import type { Daemon } from '../../src/kea/daemon.ts';
import { peerUrl } from '../../src/kea/ha.ts';
import { askFunction } from '../../src/kea/member-answer.ts';
import type { HaSettings } from '../../src/kea/model.ts';
import { controlSocket } from './scripts.ts';

/** Below the time between `ready` and `go`, s. */
const ENTER_SEC = 8;
/** A restarted partner synchronises its leases first, s. */
const LEFT_SEC = 60;
/** Looks at both servers while the maintenance ends, at most. */
const LEAVE_LOOKS = 100;

/** Undefined: this server has no partner. */
export function maintenance(daemon: Daemon, ha: HaSettings | undefined): TemporaryState | undefined {
  const stays = ha?.peers.find(({ name }) => name !== ha.thisServer);
  const goes = ha?.peers.find(({ name }) => name === ha.thisServer);
  if (ha === undefined || stays === undefined || goes === undefined) return undefined;
  const functions = `${lookFunction(daemon)}
${sharesFunctions(peerUrl(ha, goes))}`;
  return {
    name: `kea-maintenance-${daemon.family}`,
    on: stays.name,
    when: 'both',
    enter: `${functions}${enterScript(daemon)}`,
    proven: `${functions}${PROVEN}`,
    leave: `${functions}${leaveScript(daemon)}`,
    left: `${functions}${LEFT}`,
    withinSec: ENTER_SEC,
    leftWithinSec: LEFT_SEC,
  };
}

/**
 * Only when the two see each other: else the other one would be declared dead, and both would serve. Both parts are served before the other
 * stops, for the milliseconds in between: of two answers a client takes one.
 *
 * A lease update that meets the other one while it loads ends the maintenance: this server is then in partner-down, and stops serving the other's part
 * as soon as that one is ready, up to a heartbeat before it begins. The watch, which ends with the unit that holds this state, serves it until then.
 */
function enterScript({ family }: Daemon): string {
  return `
look || exit 0
is_normal "$local" || exit 0
[[ $touch == true ]] || { echo "its partner is not in touch ($remote): no maintenance is begun" >&2; exit 1; }
serve "$all"
answer=$(kea ${family} ha-maintenance-start)
if look && [[ $local == partner-in-maintenance ]]; then
  while sleep 0.02; do look && is_normal "$local" && share; done </dev/null >/dev/null 2>&1 &
  exit 0
fi
serve "$own"
jq -r '.text // "no answer"' <<<"\${answer:-{\\}}" >&2
exit 1
`;
}

/** A server that has no partner in service has nobody to take over from. */
const PROVEN = `
look || exit 0
case $local in
  partner-in-maintenance) [[ $remote == in-maintenance ]] ;;
  partner-down | waiting | terminated) ;;
  *) false ;;
esac || { echo "state $local, its partner $remote" >&2; exit 1; }
`;

/**
 * Whoever cancels goes back to its own part at once, the other begins with its next heartbeat: until then both parts are served here. That command
 * goes over a connection that is open already: 2 ms instead of 10. A heartbeat that was under way while it was cancelled brings the
 * maintenance back (seen on 2.6.3): it is cancelled again, until the partner is known to be normal.
 */
function leaveScript({ family }: Daemon): string {
  return `
look || exit 0
for ((looks = 0; looks < ${LEAVE_LOOKS}; looks++)); do
  case $local in
    partner-in-maintenance)
      exec {line}> >(exec socat -t 4 - UNIX-CONNECT:"$socket" >/dev/null 2>&1)
      answer=$(kea ${family} ha-maintenance-cancel)
      printf '{"command":"ha-scopes","arguments":{"scopes":%s}}' "$all" >&"$line"
      exec {line}>&-
      sleep 0.05
      ;;
    hot-standby | load-balancing)
      share && is_normal "$remote" && exit 0
      sleep 0.05
      ;;
    *) exit 0 ;;
  esac
  look || exit 0
done
serve "$own"
jq -r '.text // "no answer"' <<<"\${answer:-{\\}}" >&2
exit 1
`;
}

const LEFT = `
look || exit 0
if is_normal "$local" && is_normal "$remote" && [[ $touch == true && $scopes == "$own" ]]; then exit 0; fi
echo "state $local, its partner $remote, scopes $scopes" >&2
exit 1
`;

/**
 * `serve SCOPES`: answers the clients of these servers' parts, unless it does already. `share`, in a normal state: its own part, and the other's too
 * as long as that one is there and does not serve yet; true once it does.
 */
function sharesFunctions(otherUrl: string): string {
  return `is_normal() { [[ $1 == hot-standby || $1 == load-balancing ]]; }
serve() {
  [[ $scopes == "$1" ]] || printf '{"command":"ha-scopes","arguments":{"scopes":%s}}' "$1" | timeout 5 socat -t 4 - UNIX-CONNECT:"$socket" >/dev/null
}
share() {
  local state
  state=$(curl -s -m 1 -H 'Content-Type: application/json' -d '{"command":"ha-heartbeat"}' '${otherUrl}' | jq -r '.[0].arguments.state' 2>/dev/null)
  case $state in
    waiting | syncing | ready | in-maintenance) serve "$all" && return 1 ;;
    *) serve "$own" && is_normal "$state" ;;
  esac
}`;
}

/**
 * `look`: sets local and remote (states), touch, scopes (what is served now), own (what is served in normal states) and all (both parts). It
 * fails when this server does not run, or runs without HA: then there is nothing to do.
 */
function lookFunction(daemon: Daemon): string {
  return `${askFunction()}
socket=${controlSocket(daemon)}
look() {
  local said
  said=$(kea ${daemon.family} status-get | jq -r '.arguments["high-availability"][0] |
    .["ha-mode"] as $mode | .["ha-servers"] | (.local.scopes | tojson) as $now |
    (if $mode == "hot-standby" and .local.role != "primary" then [] else [.local["server-name"]] end | tojson) as $own |
    (if $mode == "hot-standby" then [.local, .remote | select(.role == "primary")["server-name"]]
      else [.local["server-name"], .remote["server-name"]] end | tojson) as $all |
    "\\(.local.state) \\(.remote["last-state"]) \\(.remote["in-touch"]) \\($now) \\($own) \\($all)"' 2>/dev/null) || return 1
  read -r local remote touch scopes own all <<<"$said"
  [[ -n $local && $local != null ]]
}`;
}
