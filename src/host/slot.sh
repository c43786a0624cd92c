# The slot: its record is written aside, armed by one rename, moved from state to state by renames, and archived.
# shellcheck shell=bash disable=SC2034,SC2154

# Confirmed generations that are kept; older ones are pruned. As many reverted and failed ones.
KEEP_GENERATIONS=10

ZINCATI_UNIT=/usr/lib/systemd/system/zincati.service

# take_lock [SECONDS]: R1: every test-and-change happens under this lock. Children get it closed (9>&-): a hung podman must not keep it.
take_lock() {
  exec 9>"$RUN/lock" || fail locked "the lock file cannot be opened"
  flock -w "${1:-5}" 9 || fail_locked "another change of this host is going on (its lock is held)"
}

# deployment: sets REPLY to checksum.serial of the booted deployment, '' where there is none: the deployment folder that is / itself.
# With composefs / is a mount of its own, and no folder is the same as it: ostree= on the kernel's command line names it then.
deployment() {
  local word path
  local -a words
  REPLY=
  for path in /sysroot/ostree/deploy/*/deploy/*.*/; do
    [[ $path -ef / ]] || continue
    path=${path%/} REPLY=${path##*/}
    return
  done
  read -r -a words </proc/cmdline
  for word in "${words[@]}"; do
    if [[ $word == ostree=* ]] && path=$(readlink -e -- "/sysroot${word#ostree=}" 2>/dev/null); then REPLY=${path##*/}; fi
  done
}

# write_record: R2: the journal of this change set, in prep: the plan, what stood there before, and the states to come.
write_record() {
  local i word
  local -a header=()
  ask_units "${UNITS[@]}"
  deployment
  {
    for ((i = 0; i < ${#R[@]}; i++)); do
      [[ ${R[i]} != entries ]] || break
    done
    printf '%s\0' "${R[@]:0:i}" generation "${H[generation]}" "${R[@]:i}" at "$REPLY"
    for i in "${!K_ROOT[@]}"; do printf 'root\0%s\0%s\0' "$i" "${K_ROOT[i]}"; done
    for i in "${!D_PATH[@]}"; do
      [[ ${D_ACTION[i]} == create ]] || printf 'was-directory\0%s\0%s\0%s\0%s\0' "${D_PATH[i]}" "${LOOK_MODE[${D_PATH[i]}]-}" "${LOOK_OWNER[${D_PATH[i]}]-}" "${LOOK_GROUP[${D_PATH[i]}]-}"
    done
    for i in "${UNITS[@]}"; do printf 'was-unit\0%s\0%s\0%s\0%s\0' "$i" "${UNIT_ACTIVE[$i]-}" "${UNIT_ENABLED[$i]-}" "${UNIT_INVOCATION[$i]-}"; done
  } 2>/dev/null >"$PREP/manifest" || fail_write "$PREP"
  # A change of state must not need space (a full disk at the deadline): all words are written now, each change is a rename.
  {
    printf 'armed\n' >"$PREP/state" &&
      for word in applied confirmed reverting reverting2 reverted failed; do printf '%s\n' "$word" >"$PREP/state.$word" || break; done
    for i in "${!C_ID[@]}"; do : >"$PREP/command.$i"; done
  } 2>/dev/null
  [[ -s $PREP/state.failed ]] || fail_write "$PREP"
}

# become STATE: durable before anything else happens. Already there is fine: a repeated request must give the same answer.
become() {
  slot_state || return 1
  if [[ $REPLY != "$1" ]]; then
    words_of mv --no-copy -fT -- "$OPEN/state.$1" "$OPEN/state" || return 1
  fi
  words_of sync -- "$OPEN/state" "$OPEN"
}

# arm UNDO: one rename makes the slot; from now on it is the host that answers for the end of this change. UNDO is what a failure calls.
# No open of any kind may exist: a rename onto an empty folder would succeed.
arm() {
  uptime_seconds
  { printf '%s\n' "$((REPLY + H[within]))" >"$RUN/deadline.${H[id]}"; } 2>/dev/null || fail_write "$RUN"
  [[ ! -e $OPEN && ! -L $OPEN ]] || fail locked "another change set was opened on this host meanwhile"
  words_of mv --no-copy -T -- "$PREP" "$OPEN" || fail_write "$STATE"
  ON_FAIL=$1
  at_step armed
  words_of sync -- "$STATE" "$STATE/objects" || fail_write "$STATE"
  # R5: without a guard nothing is touched: the slot's existence must have woken it.
  guard_awake "${H[id]}" || fail no-guard "the guard did not wake up within $GUARD_AWAKE_SECONDS s"
}

# archive FOLDER: R9: only what is final and durable is put away. Links and staged files go first, the slot last.
archive() {
  local root place=$STATE/$1/${H[generation]}
  local -A roots=()
  [[ ${H[generation]} =~ ^[1-9][0-9]*$ ]] || return 1
  at_step archive
  # The pin that we set holds the way back until here, and no longer: /boot is small.
  [[ ${H[kind]} != os || ${H[pinned]-} == 1 ]] || unpin "${H[from]}" || return 1
  words_of sync -- "$OPEN/state" "$OPEN" || return 1
  for root in "${K_ROOT[@]}"; do roots[$root]=1; done
  rm -rf -- "$ETC_STAGE" "$VAR_STAGE" "${!roots[@]}" "$RUN"/{deadline,trial,back,staging}."${H[id]}" "$OPEN"/state.* "$OPEN"/cause.* "$OPEN"/command.* "$OPEN/not-told"
  [[ $1 != generations ]] || remove_directories
  # Before the slot goes, which holds Zincati as well: at no moment does neither.
  hold_denied || :
  words_of mv --no-copy -T -- "$OPEN" "$place" || return 1
  words_of sync -- "$STATE" "$STATE/$1" || return 1
  free_zincati
  if [[ ${H[kind]} == os ]]; then prune_os "$1"; else prune "$1"; fi
}

is_zincati_here() { [[ -e $ZINCATI_UNIT || -e $UNIT_FOLDER/zincati.service ]]; }

# free_zincati: it does not start while a slot is open (ConditionPathExists); whoever puts the slot away starts it again, else it stays off for ever.
free_zincati() {
  is_zincati_here || return 0
  show_unit zincati.service ActiveState,UnitFileState,ConditionResult,ConditionTimestampMonotonic
  [[ ${P[ActiveState]-} == inactive ]] || return 0
  if [[ ${H[zincati]-} == activ* || ${H[zincati]-} == reloading ]] || [[ ${P[UnitFileState]-} == enabled && ${P[ConditionResult]-} == no && ${P[ConditionTimestampMonotonic]:-0} != 0 ]]; then
    control start --no-block -- zincati.service || :
  fi
}

# prune FOLDER: the last KEEP_GENERATIONS stay (slots of another kind have no list of managed files, and are not counted);
# contents that no kept generation names go with the others.
prune() {
  local n dir count=0
  local -a numbers=() gone=()
  for dir in "$STATE/$1"/*/managed; do
    n=${dir%/managed} n=${n##*/}
    [[ $n =~ ^[1-9][0-9]*$ ]] && numbers[n]=1
  done
  for n in "${!numbers[@]}"; do
    ((count++ < ${#numbers[@]} - KEEP_GENERATIONS)) || break
    gone+=("$STATE/$1/$n")
  done
  ((${#gone[@]} == 0)) || rm -rf -- "${gone[@]}"
  # Every time: contents of a change that ended otherwise may be secrets.
  prune_objects
}

prune_objects() {
  local file i
  local -A named=()
  local -a gone=()
  for file in "$STATE"/generations/*/managed; do
    read_records "$file" || return 0
    for ((i = 3; i < ${#RECORDS[@]}; i += 8)); do named[x${RECORDS[i]}]=1; done
  done
  for file in "$STATE"/objects/*; do
    [[ -n ${named[x${file##*/}]-} ]] || gone+=("$file")
  done
  ((${#gone[@]} == 0)) || rm -f -- "${gone[@]}"
}
