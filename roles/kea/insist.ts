/** Scopes that Kea would set back by itself at its next state, told again every few ms. In bash, for the server that stays. Pure. */
import type { Daemon } from '../../src/kea/daemon.ts';
import type { HaPeer, HaSettings } from '../../src/kea/model.ts';
import { controlSocket } from './scripts.ts';

/**
 * - `insist`, `relent`: from then on, until then both parts are served whatever Kea would rather do: told over the port for partners, where one
 *   connection does for all (every 3 ms), or, where that port takes no such command (Kea 3 with its default `restrict-commands`), by the control socket.
 */
export function insistFunctions(daemon: Daemon, { port }: HaSettings, { address }: HaPeer): string {
  return `
insisting=''
insist() {
  [[ -z $insisting && $own != "$all" ]] || return 0
  { trap '' PIPE; insist_by_port; insist_by_socket; } </dev/null >/dev/null 2>&1 &
  insisting=$!
}
insist_by_port() {
  local command field length body
  command='{"command":"ha-scopes","arguments":{"scopes":'$all'}}'
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
    printf '{"command":"ha-scopes","arguments":{"scopes":%s}}' "$all" | socat -t 1 - UNIX-CONNECT:${controlSocket(daemon)}
  done
}
relent() {
  [[ -z $insisting ]] || { kill "$insisting"; wait "$insisting"; } 2>/dev/null
  insisting=''
}
`;
}
