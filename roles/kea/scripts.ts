/** What is asked of Kea on its host, over the control socket. Scripts for bash, run as root on the host. Pure. */
import { type Daemon, SOCKET_FOLDER } from '../../src/kea/daemon.ts';
import { askFunction, FREE_KIB } from '../../src/kea/member-answer.ts';

const HOLD_TABLE = 'coreos_infra_kea';
/** Longer than a reload takes, s. */
const HOLD_SEC = 4;
/** A reload reads every reservation anew, s. */
const RELOAD_SEC = 60;

export function controlSocket({ socket }: Daemon): string {
  return `${SOCKET_FOLDER}/${socket}`;
}

/**
 * Reads the file again: Kea answers when it has loaded it, or that it goes on with the old one.
 *
 * While it loads, the port for its partner is closed for some 20 to 150 ms. A lease update that is refused there costs that client its answer, and both
 * servers a detour over partner-down, in which nobody answers for up to a heartbeat (measured: 1 to 7 of 5 exchanges a second lost). So new connections
 * to that port wait meanwhile: they are dropped, TCP asks again a second later, and the client is answered then. The rule ends by itself.
 */
export function reloadScript(daemon: Daemon, haPort: number | undefined): string {
  const hold =
    haPort === undefined
      ? ''
      : `
nft -f - 2>/dev/null <<'END' || :
add table inet ${HOLD_TABLE}
delete table inet ${HOLD_TABLE}
table inet ${HOLD_TABLE} {
  set held { type inet_service; flags timeout; }
  chain input { type filter hook input priority -5; tcp flags & (syn | ack) == syn tcp dport @held drop; }
}
add element inet ${HOLD_TABLE} held { ${haPort} timeout ${HOLD_SEC}s }
END
trap 'nft delete table inet ${HOLD_TABLE} 2>/dev/null' EXIT`;
  return `${hold}
answer=$(printf '{"command":"config-reload"}' | timeout ${RELOAD_SEC + 5} socat -t ${RELOAD_SEC} - UNIX-CONNECT:${controlSocket(daemon)})
jq -e '.result == 0' <<<"$answer" >/dev/null && exit 0
jq -r '.text // "no answer to config-reload"' <<<"\${answer:-{\\}}" >&2
exit 1`.trimStart();
}

/** Lines: `status-get` of the server, free KiB. */
export function statusScript({ family }: Daemon): string {
  return `${askFunction()}
kea ${family} status-get | jq -c . || exit 3
{ ${FREE_KIB}; } | tail -n 1
`;
}

/** One line: the user context of the configuration that is loaded, in which its fingerprint stands. */
export function contextScript({ family, root }: Daemon): string {
  return `${askFunction()}
kea ${family} config-get | jq -c '.arguments.${root}["user-context"] // {}' || exit 3
`;
}
