# The lease: who may change this host now. In /run, so that a boot ends it; an open slot locks the host beyond that.
# shellcheck shell=bash disable=SC2034,SC2154
#
# Fields of /run/coreos-infra/lease: token owner run purpose expires taken ttl inhibitor (its unit, or 0). Times are seconds of /proc/uptime: no clock is shared.
# R13: the token is random and new for each acquire (the controller draws it), compared for equality, never for order.
# R14: to touch a host that serves, the controller holds the leases of all members; each host only answers for its own.

# A new unit each time: systemd may keep a transient unit that has ended loaded for a while, and then refuses its name.
INHIBITOR=coreos-infra-inhibit-

# read_lease: sets LEASE to its fields; fails when there is none.
read_lease() {
  LEASE=()
  read_records "$RUN/lease" || return 1
  LEASE=("${RECORDS[@]}")
  ((${#LEASE[@]} == 8))
}

write_lease() {
  { printf '%s\0' "${LEASE[@]}" >"$RUN/lease.new"; } 2>/dev/null || fail_write "$RUN"
  words_of mv --no-copy -fT -- "$RUN/lease.new" "$RUN/lease" || fail_write "$RUN"
}

# locked_by: words about who holds the host, for `locked`. Sets HOLDER, which say_error adds to its line.
locked_by() {
  local now left=''
  uptime_seconds && now=$REPLY
  if slot_state; then
    local word=$REPLY
    read_header "$OPEN/manifest" || :
    read -r left 2>/dev/null <"$RUN/deadline.${HEADER[id]-none}" || :
    HOLDER=(owner "${HEADER[owner]-}" run "${HEADER[run]-}" purpose "change set ${HEADER[id]-?} is $word" slot "${HEADER[id]-}" state "$word" expiresInSec "${left:+$((left - now))}")
  elif read_lease; then
    HOLDER=(owner "${LEASE[1]}" run "${LEASE[2]}" purpose "${LEASE[3]}" heldForSec "$((now - LEASE[5]))" expiresInSec "$((LEASE[4] - now))")
  fi
}

fail_locked() {
  locked_by
  fail locked "$@"
}

# acquire TOKEN OWNER RUN PURPOSE SECONDS INHIBIT(0|1) AGAIN(0|1): nothing is installed and nothing written outside /run.
# AGAIN: it must still be this token's: when it was lost meanwhile, another run may have come and gone, and changed what this one had done.
acquire() {
  local now
  STEP=acquire
  make_run_folder
  take_lock
  [[ ${7-0} == 0 ]] || { read_lease && [[ ${LEASE[0]} == "$1" ]]; } || fail_locked "the lease of this host is not ours any more"
  end_final_slot
  # R11: an open slot refuses everybody but the run that opened it, whatever became of the lease.
  ! slot_state || wake_guard
  if slot_state && ! { read_header "$OPEN/manifest" && [[ ${HEADER[run]} == "$3" ]]; }; then
    fail_locked "a change set of ${HEADER[owner]-?} is open on this host"
  fi
  uptime_seconds && now=$REPLY
  if read_lease && [[ ${LEASE[0]} != "$1" ]] && ((LEASE[4] > now)); then
    fail_locked "${LEASE[1]} holds this host (run ${LEASE[2]}: ${LEASE[3]})"
  fi
  clean_up
  [[ ${LEASE[0]-} == "$1" ]] || LEASE=("$1" "$2" "$3" "$4" 0 "$now" "$5" "${LEASE[7]-0}")
  LEASE[4]=$((now + $5)) LEASE[6]=$5
  inhibit "$6"
  write_lease
  say_lease
}

say_lease() {
  boot_id
  say lease token "${LEASE[0]}" expiresInSec "${LEASE[6]}" bootId "$REPLY"
}

# renew TOKEN: a token that still stands in the lease is valid, also after its time.
renew() {
  STEP=renew
  make_run_folder
  take_lock
  hold_lease "$1"
  say_lease
}

# hold_lease TOKEN: R12: refused unless the lease is this token's; renews it. In the locked section of whatever it fences.
hold_lease() {
  { read_lease && [[ ${LEASE[0]} == "$1" ]]; } || fail_locked "the lease of this host is not ours any more"
  uptime_seconds
  LEASE[4]=$((REPLY + LEASE[6]))
  write_lease
}

# release TOKEN: not while a change set is open: the guard ends that first, then the lease runs out.
release() {
  STEP=release
  make_run_folder
  take_lock
  end_final_slot
  if read_lease && [[ ${LEASE[0]} == "$1" ]]; then
    slot_state && fail_locked "the change set on this host has not ended"
    inhibit 0
    rm -f -- "$RUN/lease"
  fi
  say released
}

# unlock: a person takes the lease away, and has looked at a slot that failed.
unlock() {
  STEP=unlock
  make_run_folder
  take_lock
  end_final_slot
  if slot_state && [[ $REPLY == failed ]] && read_plan "$OPEN/manifest"; then
    archive failed || fail_write "$STATE"
  fi
  LEASE=()
  inhibit 0
  rm -f -- "$RUN/lease"
  slot_state && fail_locked "the lease is gone; the change set is still open and ends by itself"
  say unlocked
}

make_run_folder() {
  words_of mkdir -p -m 0700 -- "$RUN" || fail_write "$RUN"
}

# inhibit 0|1: while another member is being changed, nobody reboots this one: neither its Zincati nor a person by mistake.
# A unit holds the inhibitor and ends with the lease, so that a dead controller leaves nothing behind.
inhibit() {
  if [[ $1 == 0 ]]; then
    if [[ ${LEASE[7]-any} != 0 ]]; then
      control stop -- "$INHIBITOR*.service" || fail inhibitor "the inhibitor of this host does not end" "${WORDS[@]}"
    fi
    LEASE[7]=0
    return
  fi
  [[ ${LEASE[7]} != 0 ]] && systemctl -q is-active "${LEASE[7]}" 9>&- && return
  local unit=$INHIBITOR${LEASE[0]:0:8}-$RANDOM.service
  # SIGKILL: it has nothing to clean up, logind lets go of the lock with the process, and nothing may make its end wait.
  words_of systemd-run --quiet --collect --expand-environment=no --unit="$unit" --description='Keeps this host from rebooting for coreos-infra' \
    -p Type=notify -p NotifyAccess=all -p KillSignal=SIGKILL -- /bin/bash -c "$(declare -f hold_inhibitor watch_lease); hold_inhibitor ${LEASE[0]@Q} ${LEASE[1]@Q} ${LEASE[2]@Q}" ||
    {
      # Quiet as it is, systemd-run says nothing of a unit that fails: it says so itself.
      ((${#WORDS[@]})) || unit_words "$unit"
      fail inhibitor "this host cannot be kept from rebooting meanwhile" "${WORDS[@]}"
    }
  LEASE[7]=$unit
}

# hold_inhibitor TOKEN OWNER RUN: the unit's own program. systemd-inhibit takes $NOTIFY_SOCKET away from its child.
# shellcheck disable=SC2317
hold_inhibitor() {
  SOCKET=$NOTIFY_SOCKET exec systemd-inhibit --what=shutdown --mode=block --who=coreos-infra \
    --why="$2 changes another host of the pair (run $3)" /bin/bash -c "$(declare -f watch_lease); watch_lease ${1@Q}"
}

# watch_lease TOKEN: until the lease is another's, gone, or over.
# shellcheck disable=SC2317
watch_lease() {
  local -a field
  local up
  NOTIFY_SOCKET=$SOCKET systemd-notify --ready
  while sleep 1; do
    field=()
    mapfile -d '' -t field 2>/dev/null </run/coreos-infra/lease
    read -r up _ </proc/uptime
    if [[ ${field[0]-} != "$1" ]] || ((${field[4]:-0} <= ${up%%.*})); then exit 0; fi
  done
}

# end_final_slot: a slot that ended and was not put away (its confirm was cut) is put away now.
end_final_slot() {
  slot_state || return 0
  local word=$REPLY
  case $word in
    confirmed | reverted) ;;
    *) return 0 ;;
  esac
  read_plan "$OPEN/manifest" || return 0
  # The installer's trial of the guard.
  [[ ${H[kind]} != test ]] || { rm -rf -- "$OPEN" && return; }
  if [[ $word == reverted ]]; then
    archive reverted || :
  else
    # Its confirm may have died before this.
    deny_left
    archive generations || :
  fi
}

# wake_guard: should it not run although there is a slot.
wake_guard() {
  [[ ! -e /etc/systemd/system/coreos-infra-guard.service ]] || control start --no-block -- coreos-infra-guard.service || :
}

# clean_up: what a change set left that ended before it was armed.
clean_up() {
  local -a left=("$STATE"/prep.* "$RUN"/check.* "$RUN"/bundle.* "$ETC_STAGE"* "$VAR_STAGE"*)
  slot_state && return
  ((${#left[@]})) || return 0
  # A validation that was killed leaves its container (docs/protocol.md: role programs carry this label).
  local -a checks=("$RUN"/check.*)
  ((${#checks[@]} == 0)) || timeout 30 podman rm --force --time 0 --filter label=coreos-infra.check </dev/null >/dev/null 2>&1 9>&- || :
  rm -rf -- "${left[@]}"
}
