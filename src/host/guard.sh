# The guard: reverts the change set that nobody confirmed in time. It sleeps by itself; no timer is involved.
# shellcheck shell=bash disable=SC2034,SC2154
#
# R5: coreos-infra-guard.path starts it because the slot exists, and systemd again when it dies: whoever dies next, the record itself
# calls it. Transient timers vanish at a power cut, and daemon-reload restarts their clocks (systemd issue 31914).

# How often the slot is looked at, and the pause after a revert that failed, s.
GUARD_POLL_SECONDS=0.2
GUARD_RETRY_SECONDS=10
# A final slot is put away by whoever ended it; if that one died, by the guard after so long, s.
GUARD_ARCHIVE_SECONDS=3

# guard: stays until the slot is gone. Leaving earlier would have the path unit start it again at once.
guard() {
  local id='' started final_since=''
  STEP=guard
  make_run_folder
  # A pipe that nobody writes to: read -t on it is a sleep without a process.
  exec {NEVER}<> <(:)
  while slot_state; do
    GUARD_WORD=$REPLY
    if ! read_header "$OPEN/manifest" || [[ ${HEADER[id]} != "$id" ]]; then
      id=${HEADER[id]-unreadable} final_since=''
      uptime_seconds && started=$REPLY
      say_awake "$id"
    fi
    case $GUARD_WORD in
      confirmed | reverted) put_away_late ;;
      # Until a person has looked (unlock); the next change set finds the guard awake within seconds.
      failed) nap 1 ;;
      *)
        # OS upgrades end by their own rules.
        if [[ ${HEADER[kind]-config} == os ]]; then
          guard_os "$id" "$started"
          nap 1
          continue
        fi
        find_deadline "$id" "$started"
        uptime_seconds
        if ((REPLY >= DEADLINE)); then
          end_unconfirmed "$id"
        elif [[ $GUARD_WORD != applied ]]; then
          end_abandoned "$id"
        fi
        ;;
    esac
    nap "$GUARD_POLL_SECONDS"
  done
}

nap() { read -r -t "$1" -u "$NEVER" || :; }

# say_awake ID: apply goes on only when it sees its own id here.
say_awake() {
  printf '%s\n' "$1" >"$RUN/guard.new" && mv --no-copy -fT -- "$RUN/guard.new" "$RUN/guard"
}

# guard_awake ID: waits until the guard says this id.
GUARD_AWAKE_SECONDS=5
guard_awake() {
  local seen until
  uptime_hundredths
  until=$((REPLY + 100 * GUARD_AWAKE_SECONDS))
  [[ -n ${NEVER-} ]] || exec {NEVER}<> <(:)
  while ((REPLY < until)); do
    seen=
    read -r seen 2>/dev/null <"$RUN/guard" || :
    [[ $seen != "$1" ]] || return 0
    nap 0.02
    uptime_hundredths
  done
  return 1
}

# find_deadline ID STARTED: sets DEADLINE, in seconds of uptime. Without a file: the guard's own start + confirmWithin.
find_deadline() {
  DEADLINE=
  read -r DEADLINE 2>/dev/null <"$RUN/deadline.$1" || :
  [[ $DEADLINE =~ ^[0-9]+$ ]] || DEADLINE=$(($2 + ${HEADER[within]:-120}))
}

# end_unconfirmed ID: R10: what hangs is killed, and everything is read again while the lock is waited for, so that a younger
# change set is never taken for this one.
end_unconfirmed() {
  kill_apply "$1"
  exec 9>"$RUN/lock"
  flock -w 1 9 || return 0
  if slot_state && [[ $REPLY != confirmed && $REPLY != reverted && $REPLY != failed ]] && read_header "$OPEN/manifest" && [[ ${HEADER[id]} == "$1" ]]; then
    revert "nobody confirmed it in time" || nap "$GUARD_RETRY_SECONDS"
  fi
  exec 9>&-
}

# end_abandoned ID: apply holds the lock until `applied`, and while it reverts. Armed or reverting with a free lock: it died.
# The deadline is not waited for: the host is between two configurations.
end_abandoned() {
  exec 9>"$RUN/lock"
  if flock -n 9 && slot_state && [[ $REPLY == armed || $REPLY == reverting ]] && read_header "$OPEN/manifest" && [[ ${HEADER[id]} == "$1" ]]; then
    revert "its apply was cut off" || nap "$GUARD_RETRY_SECONDS"
  fi
  exec 9>&-
}

# kill_apply ID: the whole unit (an OS upgrade has one for each step): a child that survived could still hold the lock or go on writing.
kill_apply() {
  systemctl --no-ask-password kill --signal=KILL --kill-whom=all "coreos-infra-apply-$1.service" "coreos-infra-apply-$1-*.service" >/dev/null 2>&1 9>&- || :
}

put_away_late() {
  uptime_seconds
  final_since=${final_since:-$REPLY}
  ((REPLY - final_since >= GUARD_ARCHIVE_SECONDS)) || return 0
  exec 9>"$RUN/lock"
  if flock -n 9; then end_final_slot; fi
  exec 9>&-
  final_since=''
}

# revert_request ID [CAUSE REASON]: a controller, or a person, asks for the end of this change set now. CAUSE: of an OS upgrade (os-verbs.ts).
revert_request() {
  STEP=revert
  make_run_folder
  slot_state || { status "$1" && return; }
  read_header "$OPEN/manifest" || :
  [[ ${HEADER[id]-} == "$1" ]] || fail other-slot "change set ${HEADER[id]-?} is open on this host, not $1"
  case $REPLY in
    confirmed | reverted | failed) status "$1" && return ;;
  esac
  kill_apply "$1"
  take_lock 20
  if read_os_slot && [[ ${H[id]} == "$1" ]]; then
    os_request "${2-}" "${3-}" || fail revert-failed "the upgrade cannot be ended now; the guard tries again" "${WORDS[@]}"
  elif slot_state && read_header "$OPEN/manifest" && [[ ${HEADER[id]} == "$1" && $REPLY != confirmed && $REPLY != reverted && $REPLY != failed ]]; then
    revert "it was asked for"
  else
    status "$1"
  fi
}
