/**
 * Kea's maintenance, for what stops a server (a restart, a reboot): its partner serves alone, by agreement, so that no client waits (Kea ARM,
 * "Controlled Shutdown and Maintenance of DHCP Servers"). Asked of the partner that stays, and decided on states: the command says "success"
 * also when it cannot reach the other server, and then declares it dead. A reload needs less: handover.ts.
 */
import type { TemporaryState } from 'coreos-infra';
import type { Daemon } from '../../src/kea/daemon.ts';
import { peerUrl } from '../../src/kea/ha.ts';
import type { HaSettings } from '../../src/kea/model.ts';
import { ENTER_SEC, LEFT, LEFT_SEC, pairFunctions, partnersOf } from './pair-scripts.ts';
import { controlSocket } from './scripts.ts';

/** Looks at both servers while the maintenance ends, at most. */
const LEAVE_LOOKS = 200;

/** Undefined: this server has no partner. */
export function maintenance(daemon: Daemon, ha: HaSettings | undefined): TemporaryState | undefined {
  const partners = ha === undefined ? undefined : partnersOf(ha);
  if (ha === undefined || partners === undefined) return undefined;
  const functions = pairFunctions(daemon, peerUrl(ha, partners.goes));
  return {
    name: `kea-maintenance-${daemon.family}`,
    on: partners.stays.name,
    when: 'both',
    only: { unit: `${daemon.name}.service`, actions: ['restart', 'start', 'stop'] },
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
 * Once the other has stopped, this one goes to partner-down, and when the other is back, to its own part, up to a heartbeat before that one begins.
 * The watch, which ends with the unit that holds this state, serves both until then.
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
 * Cancelled only while the other one is in maintenance: else it would be declared dead. Whoever cancels remembers the other as in maintenance until its
 * next heartbeat, and a lease update that ends before brings the maintenance back (seen on 2.6.3): it is cancelled again. Until the other serves,
 * both parts are served here; that command goes over a connection that is open already, 2 ms later instead of 10.
 */
function leaveScript(daemon: Daemon): string {
  return `
look || exit 0
for ((looks = 0; looks < ${LEAVE_LOOKS}; looks++)); do
  case $local in
    partner-in-maintenance)
      case $(other) in
        in-maintenance | '')
          exec {line}> >(exec socat -t 4 - UNIX-CONNECT:${controlSocket(daemon)} >/dev/null 2>&1)
          answer=$(kea ${daemon.family} ha-maintenance-cancel)
          printf '{"command":"ha-scopes","arguments":{"scopes":%s}}' "$all" >&"$line"
          exec {line}>&-
          ;;
      esac
      ;;
    hot-standby | load-balancing) share && is_normal "$remote" && exit 0 ;;
    *) exit 0 ;;
  esac
  sleep 0.05
  look || exit 0
done
! is_normal "$local" || serve "$own"
jq -r '.text // "no answer"' <<<"\${answer:-{\\}}" >&2
exit 1
`;
}
