/** What Kea, or its partner, would set back by itself at its next state, told again every few ms. In bash, for the server that stays. Pure. */
import type { Daemon } from '../../src/kea/daemon.ts';
import type { HaPeer, HaSettings } from '../../src/kea/model.ts';
import { controlSocket } from './scripts.ts';

/** On whose behalf a partner switches this server off: `NetworkState::HA_REMOTE_COMMAND`, of the first relationship, and we have one. */
const REMOTE_ORIGIN = 2000;

/**
 * - `insist`, `relent`: from then on, until then both parts are served whatever Kea would rather do: told over the port for partners, where one
 *   connection does for all (every 3 ms), or, where that port takes no such command (Kea 3 with its default `restrict-commands`), by the control socket.
 * - `stay_open`, `stop_staying_open`: from then on, until then this server goes on serving while its partner synchronises, which switches it off
 *   (`dhcp-disable`, on behalf of `ha-partner`) for each page of leases: half a second in all with 10 000 of them. Only for states in which this one tells
 *   its partner of each lease: one that it gives meanwhile is not missed, since a page does not replace what is newer (cltt, `asyncSyncLeasesInternal`). Of a
 *   lease that is given back meanwhile the partner may learn too early, and keep it until it ends.
 */
export function insistFunctions(daemon: Daemon, { port }: HaSettings, { address }: HaPeer): string {
  return `
insisting='' open=''
insist() {
  [[ -z $insisting && $own != "$all" ]] || return 0
  insist_on '{"command":"ha-scopes","arguments":{"scopes":'"$all"'}}'
  insisting=$!
}
relent() {
  end_job "$insisting"
  insisting=''
}
stay_open() {
  [[ -z $open ]] || return 0
  insist_on '{"command":"dhcp-enable","arguments":{"origin":"ha-partner","origin-id":${REMOTE_ORIGIN}}}'
  open=$!
}
stop_staying_open() {
  end_job "$open"
  open=''
}
end_job() { [[ -z $1 ]] || { kill "$1"; wait "$1"; } 2>/dev/null; }
insist_on() { { trap '' PIPE; insist_by_port "$1"; insist_by_socket "$1"; } </dev/null >/dev/null 2>&1 & }
insist_by_port() {
  local command=$1 field length body
  # Not /dev/tcp: without nodelay each answer takes 40 ms, since bash writes line by line.
  coproc port { exec socat -t 1 - TCP:${address.includes(':') ? `[${address}]` : address}:${port},nodelay; }
  while printf 'POST / HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\nContent-Length: %s\\r\\n\\r\\n%s' "\${#command}" "$command" >&"\${port[1]}"; do
    length=0 body=''
    while IFS= read -r -t 2 -u "\${port[0]}" field && [[ $field != $'\\r' ]]; do
      [[ \${field,,} != content-length:* ]] || length=\${field//[!0-9]/}
    done
    ((length > 0)) && read -r -t 2 -N "$length" -u "\${port[0]}" body && [[ $body == *'"result": 0,'* ]] || break
    # Not faster than one in some ms: each is a line in its journal.
    read -r -t 0.002 -u "\${port[0]}" body
  done
}
insist_by_socket() {
  while :; do
    printf '%s' "$1" | socat -t 1 - UNIX-CONNECT:${controlSocket(daemon)}
  done
}
`;
}
