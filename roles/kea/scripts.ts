/** What is asked of Kea on its host, over the control socket. Scripts for bash, run as root on the host. Pure. */
import { type Daemon, SOCKET_FOLDER } from '../../src/kea/daemon.ts';
import { askFunction, FREE_KIB } from '../../src/kea/member-answer.ts';

/** A reload reads every reservation anew, s. */
const RELOAD_SEC = 60;

export function controlSocket({ socket }: Daemon): string {
  return `${SOCKET_FOLDER}/${socket}`;
}

/**
 * Reads the file again: Kea answers when it has loaded it, or that it goes on with the old one. In words that fit one line of a unit.
 */
export function reloadScript(daemon: Daemon): string {
  return [
    `answer=$(printf '{"command":"config-reload"}' | timeout ${RELOAD_SEC + 5} socat -t ${RELOAD_SEC} - UNIX-CONNECT:${controlSocket(daemon)})`,
    `jq -e '.result == 0' <<<"$answer" >/dev/null || { jq -r '.text // "no answer to config-reload"' <<<"\${answer:-{\\}}" >&2; exit 1; }`,
  ].join('; ');
}

/** Lines: `status-get` of the server, free KiB, 1 when a change set is open on this host, 1 when the unit is active. */
export function statusScript({ family, name }: Daemon): string {
  return `${askFunction()}
kea ${family} status-get | jq -c . || exit 3
{ ${FREE_KIB}; } | tail -n 1
[[ -e /var/lib/coreos-infra/open ]] && echo 1 || echo 0
systemctl is-active --quiet ${name}.service && echo 1 || echo 0
`;
}

/** One line: the user context of the configuration that is loaded, in which its fingerprint stands. */
export function contextScript({ family, root }: Daemon): string {
  return `${askFunction()}
kea ${family} config-get | jq -c '.arguments.${root}["user-context"] // {}' || exit 3
`;
}
