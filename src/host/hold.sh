# Temporary states: what holds on this host while it, or another of the pair, is changed (Kea's maintenance, a drain).
# shellcheck shell=bash disable=SC2034,SC2154
#
# A unit holds the state: it enters it, watches the lease, and leaves it when the lease ends, or when it is stopped or killed. So a controller
# that dies leaves no host behind in a state of ours. What ENTER leaves running in the background lives as long as the state does, and is gone
# when LEAVE begins: systemd itself would end it only afterwards.

HOLDER_UNIT=coreos-infra-hold-

# hold TOKEN NAME SECONDS ENTER PROVEN LEAVE: answers `held` once PROVEN exits 0.
hold() {
  local folder=$RUN/hold.$2.$RANDOM unit
  STEP=hold
  make_run_folder
  take_lock
  hold_lease "$1"
  # One that an earlier attempt left is left first.
  control stop -- "$HOLDER_UNIT$2-*.service" || fail hold "the state $2 of an earlier run does not end" "${WORDS[@]}"
  rm -rf -- "$RUN/hold.$2."*
  unit=$HOLDER_UNIT$2-${folder##*.}.service
  { mkdir -- "$folder" && printf '%s\n' "$4" >"$folder/enter" && printf '%s\n' "$6" >"$folder/leave" && { declare -f end_entered && echo end_entered; } >"$folder/end"; } 2>/dev/null || fail_write "$RUN"
  # Not waited for under the lock: entering may take seconds, and renewals come meanwhile.
  words_of systemd-run --quiet --collect --no-block --expand-environment=no --unit="$unit" --description="$2, for a change by coreos-infra" \
    -p TimeoutStopSec=60 -p KillMode=mixed -p ExecStopPost="-/bin/bash $folder/end" -p ExecStopPost="-/bin/bash $folder/leave" -p ExecStopPost="-/bin/rm -rf -- $folder" \
    -- /bin/bash -c "$(declare -f hold_state); hold_state ${folder@Q} ${1@Q}" || fail hold "the state $2 cannot be entered" "${WORDS[@]}"
  exec 9>&-
  await_state "$folder" "$3" "$5"
  say held name "$2"
}

# hold_state FOLDER TOKEN: the unit's own program. Until the lease is another's, gone, or over.
# shellcheck disable=SC2317
hold_state() {
  local -a field
  local up
  if ! /bin/bash "$1/enter" </dev/null >"$1/said" 2>&1; then
    : >"$1/failed"
    # What was said is read by who asked for it; leaving follows.
    sleep 5
    exit 1
  fi
  : >"$1/entered"
  while sleep 1; do
    field=()
    mapfile -d '' -t field 2>/dev/null </run/coreos-infra/lease
    read -r up _ </proc/uptime
    if [[ ${field[0]-} != "$2" ]] || ((${field[4]:-0} <= ${up%%.*})); then exit 0; fi
  done
}

# end_entered: everything of this unit but itself, for good. A zombie is not in the list.
# shellcheck disable=SC2317
end_entered() {
  local number path pid left n never
  exec {never}<> <(:)
  # 0 is the hierarchy of systemd's own.
  while IFS=: read -r number _ path && [[ $number != 0 ]]; do :; done </proc/self/cgroup
  for ((n = 0; n < 100; n++)); do
    left=0
    while read -r pid; do
      [[ $pid == "$$" ]] || { kill -KILL "$pid" 2>/dev/null && left=1; }
    done <"/sys/fs/cgroup$path/cgroup.procs" || return 0
    ((left)) || return 0
    read -r -t 0.01 -u "$never" || :
  done
}

# await_state FOLDER SECONDS PROVEN
await_state() {
  local end
  uptime_seconds && end=$((REPLY + $2))
  WORDS=()
  while uptime_seconds && ((REPLY <= end)); do
    if [[ -e $1/failed ]]; then
      tail_of "$1/said"
      fail hold "the state could not be entered" "${WORDS[@]}"
    fi
    if [[ -e $1/entered ]] && words_of timeout -k 1 5 /bin/bash -c "$3" </dev/null; then return; fi
    sleep 0.1
  done
  local -a said=("${WORDS[@]}")
  tail_of "$1/said"
  fail hold "the state was asked for, and did not hold in $2 s" "${WORDS[@]}" "${said[@]}"
}

# unhold NAME SECONDS LEFT: leaves the state, here and now, and answers `left` once LEFT exits 0. Needs no lease: it only ends what we began.
unhold() {
  local end
  STEP=unhold
  control stop -- "$HOLDER_UNIT$1-*.service" || fail hold "the state $1 does not end" "${WORDS[@]}"
  uptime_seconds && end=$((REPLY + $2))
  WORDS=()
  until words_of timeout -k 1 5 /bin/bash -c "$3" </dev/null; do
    uptime_seconds
    ((REPLY <= end)) || fail hold "$1 was left, and things were not back to normal in $2 s" "${WORDS[@]}"
    sleep 0.2
  done
  say left name "$1"
}
