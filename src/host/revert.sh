# Revert: one function for everybody who reverts. Idempotent, begun again from the start after any interruption; only renames and unlinks.
# shellcheck shell=bash disable=SC2034,SC2154

# undo: what a failed apply does once it is armed.
undo() {
  revert "the change failed" || :
  rm -rf -- "$WORK"
}

# revert WHY: the open slot (read into the plan's arrays) back to what stood there. Called under the lock.
# BOOTING=1: before services start; nothing is waited for. A slot of another deployment: its /etc is not this one (boot.sh).
revert() {
  # A failure inside must not start another revert.
  ON_FAIL=
  read_plan "$OPEN/manifest" || { say_error revert-failed "the record of the change set cannot be read" && return 1; }
  step revert reason "$1"
  # R6: durable before the first rename back, so that a late confirm cannot make half of it final.
  become reverting || { say_error revert-failed "the state cannot be written" "${WORDS[@]}" && return 1; }
  printf '%s\n' "$1" 2>/dev/null >"$OPEN/report" || :
  deployment
  SCOPE=all
  [[ $REPLY == "${H[at]-}" ]] || SCOPE=other
  # R8: nothing here needs space; should a file system want some nevertheless, the reserve is it.
  if ! revert_steps && { ! rm -- "$STATE/reserve" 2>/dev/null || ! revert_steps; }; then
    say_error revert-failed "the host could not be put back wholly; it tries again" "${WORDS[@]}"
    return 1
  fi
  become reverted || return 1
  at_step reverted
  say reverted id "${H[id]}" notUndone "$NOT_UNDONE"
  archive reverted || :
  # Not while booting: podman may want what is not there yet; the next change does it.
  [[ -n ${BOOTING-} ]] || prune_secrets
}

revert_steps() {
  changed_units
  undo_commands
  at_step revert-stop
  [[ -n ${BOOTING-} ]] || stop_new_units
  at_step revert-files
  put_back "$SCOPE" || return 1
  at_step revert-sync
  sync_swapped || return 1
  # R7: always, even when the files are old already: an earlier try may have died before this point.
  at_step revert-reload
  control daemon-reload || return 1
  at_step revert-units
  restore_enabled
  if [[ -n ${BOOTING-} ]]; then
    queue_units
  else
    restore_units || return 1
  fi
  verify_old
}

# undo_commands: those that ran, last first. What has no undo is reported, not hidden.
undo_commands() {
  local i
  NOT_UNDONE=
  for ((i = ${#C_ID[@]} - 1; i >= 0; i--)); do
    [[ -e $OPEN/ran.$i ]] || continue
    if [[ -n ${C_UNDO[i]} ]] && timeout -k 5 "${C_SECONDS[i]}" bash -c "${C_UNDO[i]}" </dev/null >/dev/null 2>&1 9>&-; then
      continue
    fi
    NOT_UNDONE+="${NOT_UNDONE:+, }${C_ID[i]}"
  done
}

# stop_new_units: what did not run before is stopped while its unit file is still there.
stop_new_units() {
  local unit
  for unit in "${UNITS[@]}"; do
    case ${WAS_ACTIVE[$unit]-} in
      active | reloading | activating | deactivating) ;;
      *) control stop -- "$unit" || : ;;
    esac
  done
}

# in_scope K PATH: of a slot that belongs to another deployment only what lies outside /etc is put back now.
in_scope() {
  case $SCOPE in
    etc) [[ ${K_ROOT[$1]} == "$ETC_STAGE" ]] ;;
    other) [[ ${K_ROOT[$1]} != "$ETC_STAGE" ]] ;;
  esac
}

# put_back all|etc|other: R8: saved links are renamed over the new files, files that were absent are unlinked.
# A link that is gone was put back before.
put_back() {
  local i k
  local -a files gone=()
  SCOPE=$1
  for k in "${!K_PATH[@]}"; do
    in_scope "$k" || continue
    files=()
    for i in "${!F_PATH[@]}"; do
      [[ ${F_K[i]} == "$k" ]] || continue
      if [[ -z ${B_SHA[i]} ]]; then
        gone+=("${F_PATH[i]}")
      else
        saved_path "$i"
        is_back "$REPLY" "${F_PATH[i]}" || files+=("$REPLY")
      fi
    done
    ((${#files[@]} == 0)) || words_of mv --no-copy -f -t "${K_PATH[k]}" -- "${files[@]}" || return 1
    ((k)) || at_step revert-half
  done
  ((${#gone[@]} == 0)) || words_of rm -f -- "${gone[@]}" || return 1
  [[ $SCOPE != other ]] || return 0
  put_back_directories
  put_back_marker
}

# is_back SAVED PATH: nothing to rename: it was put back before, or never replaced: both are names of one file, which mv --no-copy refuses.
is_back() { [[ ! -e $1 || $1 -ef $2 ]]; }

put_back_marker() {
  if [[ -e $ETC_STAGE/marker.old ]]; then
    is_back "$ETC_STAGE/marker.old" "$MARKER" || words_of mv --no-copy -fT -- "$ETC_STAGE/marker.old" "$MARKER"
  elif [[ ! -e $ETC_STAGE/marker.was ]]; then
    words_of rm -f -- "$MARKER"
  fi
}

# put_back_directories: those that were made go, deepest first; the others get their attributes back.
put_back_directories() {
  local i owner group mode path
  for ((i = ${#D_PATH[@]} - 1; i >= 0; i--)); do
    path=${D_PATH[i]}
    case ${D_ACTION[i]} in
      create) rmdir -- "$path" 2>/dev/null || : ;;
      update)
        read -r mode owner group <<<"${WAS_DIR[$path]-}"
        [[ -z $mode ]] || { chown -h -- "$owner:$group" "$path" && chmod -- "$mode" "$path"; } 2>/dev/null || :
        ;;
    esac
  done
}

restore_enabled() {
  local i word
  for i in "${!U_UNIT[@]}"; do
    [[ ${U_ACTION[i]} == enable || ${U_ACTION[i]} == disable ]] || continue
    word=disable
    [[ ${WAS_ENABLED[${U_UNIT[i]}]-} != enabled ]] || word=enable
    control "$word" -- "${U_UNIT[i]}" || :
  done
}

was_active() {
  case ${WAS_ACTIVE[$1]-} in
    active | reloading | activating) ;;
    *) return 1 ;;
  esac
}

# queue_units: at boot: generated units that come back are not in the boot's own plan, those that go may be.
queue_units() {
  local unit
  for unit in "${UNITS[@]}"; do
    if was_active "$unit"; then control start --no-block -- "$unit" || :; else control stop --no-block -- "$unit" || :; fi
  done
}

# restore_units: each unit that ran runs on the old files again.
restore_units() {
  local unit i
  local -A only_reload=()
  for i in "${!U_UNIT[@]}"; do
    case ${U_ACTION[i]} in
      reload) only_reload[${U_UNIT[i]}]=${only_reload[${U_UNIT[i]}]-1} ;;
      enable | disable) ;;
      *) only_reload[${U_UNIT[i]}]=0 ;;
    esac
  done
  ask_units "${UNITS[@]}"
  for unit in "${UNITS[@]}"; do
    if ! was_active "$unit"; then
      # What failed in this change set only is not remembered as failed.
      [[ ${UNIT_ACTIVE[$unit]-} != failed || ${WAS_ACTIVE[$unit]-} == failed ]] || control reset-failed -- "$unit" || :
      continue
    fi
    # The very process that ran before only has to read the old files again; any other is started on them.
    if [[ ${only_reload[$unit]-0} == 1 && ${UNIT_ACTIVE[$unit]} == active && ${UNIT_INVOCATION[$unit]} == "${WAS_INVOCATION[$unit]}" ]]; then
      control reload -- "$unit" && continue
    fi
    forget_starts restart "$unit"
    control restart -- "$unit" || return 1
  done
}

# verify_old: content, mode, owner of every file, and every unit, are what the record says of before.
verify_old() {
  local i unit
  look "${F_PATH[@]}"
  for i in "${!F_PATH[@]}"; do
    if ! in_scope "${F_K[i]}" || same_as_before "$i"; then continue; fi
    WORDS=("${F_PATH[i]} is not as it was")
    return 1
  done
  [[ -z ${BOOTING-} ]] || return 0
  ask_units "${UNITS[@]}"
  for unit in "${UNITS[@]}"; do
    if [[ ${WAS_ACTIVE[$unit]-} != active || ${UNIT_ACTIVE[$unit]-} == active ]]; then continue; fi
    WORDS=("$unit is ${UNIT_ACTIVE[$unit]-unknown}, it was active")
    return 1
  done
}
