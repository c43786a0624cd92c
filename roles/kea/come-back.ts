/**
 * How a pair comes together again after one of the two was stopped, without a client that waits: in bash, for the one that stayed. Pure.
 *
 * Left to itself Kea is silent twice. While the other one synchronises, and from then on up to a heartbeat, the one that serves alone is switched off: it
 * tells nobody of new leases in `partner-down`, which the other one would miss. And from its `hot-standby` on, with only its own part, until the next
 * heartbeat of the other. So, by states that Kea has (kea-dhcp4 2.6.3, src/hooks/dhcp/high_availability/ha_service.cc):
 *
 * 1. The other one is seen in `waiting`, and at once sent to `in-maintenance`, so that it does not synchronise yet. At the next heartbeat this one knows of
 *    it. `ha-maintenance-start`: this one goes to `partner-in-maintenance`, in which it serves and tells of each lease; `ha-reset` sends the other one
 *    back to `waiting`.
 * 2. It synchronises. It would switch this one off for as long as that takes (2 ms with few leases, half a second with 10 000): this one switches itself on
 *    again every few ms, since it tells of each lease that it gives meanwhile. It ends in `ready`, and is sent to
 *    `in-maintenance` at once, where its next heartbeat would bring it too.
 * 3. `ha-maintenance-cancel`: back to `partner-down` and `ready`. At the next heartbeat this one is normal, with both parts, which it is told all the
 *    while; leases that it gave in that second are not known to the other one: if there were any, that one is reset once more, and synchronises. Until then
 *    its own heartbeat is held, so that it does not serve before.
 * 4. Once the other one serves too, this one keeps to its own part.
 */
import type { Daemon } from '../../src/kea/daemon.ts';
import { peerUrl } from '../../src/kea/ha.ts';
import type { HaPeer, HaSettings } from '../../src/kea/model.ts';

/**
 * Beside `pairFunctions`, `linkFunctions` and `insistFunctions`:
 *
 * - `come_back`: one look at both servers, and what is to be done next; true once both are normal, or this one does not serve any more. It leaves the
 *   other's state in `state`, its own in `local`.
 * - `watch_return`: goes on in the background: waits until the other one has been away, and brings both together. Should that one go once more (a release
 *   or a file that is bad, and undone), this one serves alone at once, and not after the timers. `end_watch` ends it: the unit that holds the state
 *   would end it only after `leave`.
 */
export function comeBackFunctions(daemon: Daemon, ha: HaSettings, stays: HaPeer): string {
  const ownUrl = peerUrl(ha, stays);
  const patience = Math.ceil(ha.heartbeatMs / 1_000) + 3;
  return `
unsent='' unseen=''
unsent() { curl -s -m 1 -H 'Content-Type: application/json' -d '{"command":"ha-heartbeat"}' '${ownUrl}' | jq -r '.[0].arguments["unsent-update-count"] // 0' 2>/dev/null; }
note_unsent() {
  unsent=$(unsent)
  unsent=\${unsent:-unknown}
}
come_back() {
  state=''
  look || { relent; stop_staying_open; return 0; }
  case $local in
    partner-down)
      stop_staying_open
      state=$(other)
      case $state in
        waiting)
          if [[ -z $unseen ]] || ((SECONDS - unseen <= ${patience})); then
            unseen=\${unseen:-$SECONDS}
            tell ha-maintenance-notify ',"arguments":{"cancel":false}'
          fi
          ;;
        in-maintenance)
          if [[ $remote == waiting || $remote == in-maintenance ]]; then
            kea ${daemon.family} ha-maintenance-start >/dev/null
            if look && [[ $local == partner-in-maintenance ]]; then
              note_unsent
              stay_open
              tell ha-reset
            fi
            unseen=''
          elif ((SECONDS - \${unseen:=$SECONDS} > ${patience})); then
            # This one does not see it: on another port, for one. Each will serve alone.
            tell ha-reset
          fi
          ;;
        ready) [[ $served == true ]] || kea ${daemon.family} ha-maintenance-start >/dev/null ;;
      esac
      ;;
    partner-in-maintenance)
      state=$(other)
      # Of one that is to have another port only the last heartbeat tells: enough at the end, since nobody but us would end it.
      [[ -z \${leaving-} ]] || state=\${state:-$remote}
      if [[ $state == ready ]]; then
        # Its next heartbeat would do the same, up to a second later.
        tell ha-maintenance-notify ',"arguments":{"cancel":false}'
        state=$(other)
      fi
      if [[ $state == in-maintenance ]]; then
        [[ -n $unsent ]] || note_unsent
        stop_staying_open
        insist
        hold
        kea ${daemon.family} ha-maintenance-cancel >/dev/null
      fi
      ;;
    hot-standby | load-balancing)
      if [[ -n $unsent ]]; then
        [[ $(unsent) == "$unsent" ]] || { stay_open; tell ha-reset; }
        unsent=''
        release
      fi
      if [[ -n $insisting ]]; then
        relent
        scopes='' # told, and not looked at
        serve "$all"
      fi
      if share; then
        stop_staying_open
        is_normal "$remote" && return 0
      fi
      ;;
    *) relent; stop_staying_open; return 0 ;;
  esac
  return 1
}
watch_return() {
  set -m
  {
    while state=$(other); [[ $state == in-maintenance ]]; do sleep 0.2; done
    while :; do
      # Of one that is down nothing new is heard: it is asked more rarely, in time before its first heartbeat.
      until come_back; do if [[ -n $state ]]; then sleep 0.05; else sleep 0.2; fi; done
      sleep 0.2
      is_lost && take_over
    done
  } </dev/null >/dev/null 2>&1 &
  echo "$!" >"\${0%/*}/watch"
  set +m
}
is_lost() { is_normal "$local" && [[ -z $(other) ]] && sleep 0.2 && [[ -z $(other) ]] && sleep 0.2 && [[ -z $(other) ]]; }
take_over() {
  part
  kea ${daemon.family} ha-maintenance-start >/dev/null
  meet
}
end_watch() {
  local group
  read -r group 2>/dev/null <"\${0%/*}/watch" && kill -KILL -- "-$group" 2>/dev/null
  return 0
}
`;
}
