/** How one server of a pair sees itself and the other, in bash: what the temporary states of both kinds are made of. Pure. */
import type { Daemon } from '../../src/kea/daemon.ts';
import { askFunction } from '../../src/kea/member-answer.ts';
import type { HaPeer, HaSettings } from '../../src/kea/model.ts';

/** Below the time between `ready` and `go`, s. */
export const ENTER_SEC = 8;
/** A restarted partner synchronises its leases first, s. */
export const LEFT_SEC = 60;

/** The server that is changed, and the one that stays meanwhile. */
export function partnersOf(ha: HaSettings): { readonly goes: HaPeer; readonly stays: HaPeer } | undefined {
  const stays = ha.peers.find(({ name }) => name !== ha.thisServer);
  const goes = ha.peers.find(({ name }) => name === ha.thisServer);
  return stays === undefined || goes === undefined ? undefined : { goes, stays };
}

/** Both serve their own parts, and nothing else. */
export const LEFT = `
look || exit 0
partner=$(other)
partner=\${partner:-$remote}
if is_normal "$local" && is_normal "$partner" && [[ $touch == true && $scopes == "$own" ]]; then exit 0; fi
echo "state $local, its partner $partner, scopes $scopes" >&2
exit 1
`;

/**
 * - `look`: sets local and remote (states), touch, served (it answers clients at all), scopes (what is served now), own (what is served in normal
 *   states) and all (both parts). It fails when this server does not run, or runs without HA: then there is nothing to do.
 * - `other`: the state of the other one in its own words, over the port for partners; nothing when it cannot be reached there (it has gone back to
 *   another port): then the last heartbeat tells. `tell COMMAND [REST]`: a command to it, over that port.
 * - `serve SCOPES`: answers the clients of these servers' parts, unless it does already.
 * - `share`, in a normal state: serves its own part, and the other's too as long as that one is there and does not serve yet; true once it does.
 */
export function pairFunctions({ family }: Daemon, otherUrl: string): string {
  return `${askFunction()}
look() {
  local said
  said=$(kea ${family} status-get | jq -r '(.arguments["dhcp-state"]["globally-disabled"] != true) as $served |
    .arguments["high-availability"][0] | .["ha-mode"] as $mode | .["ha-servers"] |
    (if $mode == "hot-standby" and .local.role != "primary" then [] else [.local["server-name"]] end | tojson) as $own |
    (if $mode == "hot-standby" then [.local, .remote | select(.role == "primary")["server-name"]]
      else [.local["server-name"], .remote["server-name"]] end | sort | tojson) as $all |
    "\\(.local.state) \\(.remote["last-state"]) \\(.remote["in-touch"]) \\($served) \\(.local.scopes | sort | tojson) \\($own) \\($all)"' 2>/dev/null) || return 1
  read -r local remote touch served scopes own all <<<"$said"
  [[ -n $local && $local != null ]]
}
is_normal() { [[ $1 == hot-standby || $1 == load-balancing ]]; }
tell() { curl -s --connect-timeout 0.5 -m 2 -H 'Content-Type: application/json' -d "{\\"command\\":\\"$1\\"\${2-}}" '${otherUrl}' >/dev/null; }
other() { curl -s --connect-timeout 0.5 -m 1 -H 'Content-Type: application/json' -d '{"command":"ha-heartbeat"}' '${otherUrl}' | jq -r '.[0].arguments.state' 2>/dev/null; }
serve() {
  [[ $scopes == "$1" ]] || kea ${family} ha-scopes ",\\"arguments\\":{\\"scopes\\":$1}" >/dev/null
  scopes=$1
}
share() {
  local state
  state=$(other)
  state=\${state:-$remote}
  case $state in
    waiting | syncing | ready | in-maintenance) serve "$all" && return 1 ;;
    *) serve "$own" && is_normal "$state" ;;
  esac
}
`;
}
