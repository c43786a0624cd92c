/**
 * For what stops a server (a restart, a reboot): its partner serves alone meanwhile, by agreement, so that no client waits. Decided on states, never on
 * results: Kea says "success" also when it could not reach the other one, and has declared it dead. A reload needs less: handover.ts.
 *
 * Kea's own way ("Controlled Shutdown and Maintenance of DHCP Servers" in its manual) loses exchanges at both ends, so only its parts are used:
 *
 * - In `partner-in-maintenance` the one that stays goes on telling the other of each lease, and the first client after the stop is not answered, since
 *   nobody takes its lease any more. So it goes to `partner-down`, where it tells nobody, while the other is still there, in `in-maintenance`, silent.
 * - The way back: come-back.ts.
 */
import type { TemporaryState } from 'coreos-infra';
import type { Daemon } from '../../src/kea/daemon.ts';
import { peerUrl } from '../../src/kea/ha.ts';
import type { HaSettings } from '../../src/kea/model.ts';
import { comeBackFunctions } from './come-back.ts';
import { insistFunctions } from './insist.ts';
import { linkFunctions } from './pair-link.ts';
import { ENTER_SEC, LEFT, LEFT_SEC, pairFunctions, partnersOf } from './pair-scripts.ts';

/** Looks at both servers while they come back, at most. */
const LEAVE_LOOKS = 200;

/** Undefined: this server has no partner. */
export function maintenance(daemon: Daemon, ha: HaSettings | undefined): TemporaryState | undefined {
  const partners = ha === undefined ? undefined : partnersOf(ha);
  if (ha === undefined || partners === undefined) return undefined;
  const functions = [
    pairFunctions(daemon, peerUrl(ha, partners.goes)),
    linkFunctions(daemon, ha, partners.goes),
    insistFunctions(daemon, ha, partners.stays),
    comeBackFunctions(daemon, ha, partners.stays),
  ].join('');
  return {
    name: `kea-maintenance-${daemon.family}`,
    on: partners.stays.name,
    when: 'both',
    only: { unit: `${daemon.name}.service`, actions: ['restart', 'start', 'stop'] },
    enter: `${functions}${enterScript(daemon)}`,
    proven: `${functions}${PROVEN}`,
    leave: `${functions}${LEAVE}`,
    left: `${functions}${LEFT}`,
    withinSec: ENTER_SEC,
    leftWithinSec: LEFT_SEC,
  };
}

/**
 * Only when the two see each other. Both parts are served first, so that for the milliseconds in between two answer: a client takes one.
 *
 * `ha-maintenance-start` makes a server go to `partner-down` when the other one refuses its new connection, which is arranged here for a moment; those
 * that are open, over which leases are told, stay. Until the other one is in maintenance its questions wait (TCP asks again): were it told of
 * `partner-down` before, it would begin to synchronise, and switch this one off. Without nft this one ends in `partner-in-maintenance`, which costs one
 * client its answer.
 */
function enterScript({ family }: Daemon): string {
  return `
look || exit 0
if ! is_normal "$local"; then
  [[ $local != partner-down ]] || watch_return
  exit 0
fi
[[ $touch == true ]] || { echo "its partner is not in touch ($remote): no maintenance is begun" >&2; exit 1; }
serve "$all"
part
hold
answer=$(kea ${family} ha-maintenance-start)
meet
look
[[ $local != partner-down ]] || tell ha-maintenance-notify ',"arguments":{"cancel":false}'
release
look
# Switched off after all: kept from it by the other one, which synchronised.
[[ $local != partner-down || $served == true ]] || answer=$(kea ${family} ha-maintenance-start)
look
# Of a server that is to have another port only the last heartbeat tells; the one that stays went to partner-in-maintenance by its answer.
if [[ $served == true && ($local == partner-in-maintenance || ($local == partner-down && $(other) == in-maintenance)) ]]; then
  watch_return
  exit 0
fi
jq -r '.text // "no answer"' <<<"\${answer:-{\\}}" >&2
exit 1
`;
}

/** A server that has no partner in service has nobody to take over from. */
const PROVEN = `
look || exit 0
state=$(other)
case $local in
  partner-in-maintenance) [[ $served == true && \${state:-$remote} == in-maintenance ]] ;;
  partner-down) [[ $served == true ]] && ! is_normal "$state" ;;
  waiting | terminated) ;;
  *) false ;;
esac || { echo "state $local, its partner \${state:-$remote}" >&2; exit 1; }
`;

/** Whatever way there is left to both being normal; a partner that is not there finds its way alone when it comes. */
const LEAVE = `
end_watch
leaving=1
trap 'relent; stop_staying_open; release' EXIT
for ((looks = 0; looks < ${LEAVE_LOOKS}; looks++)); do
  come_back && exit 0
  [[ $local != partner-down || -n $state ]] || exit 0
  sleep 0.05
done
! is_normal "$local" || serve "$own"
echo "state $local, its partner \${state:-$remote}" >&2
exit 1
`;
