# Apply: a change set from its bundle on stdin to `applied`, step by step. protocol: docs/protocol.md.
# shellcheck shell=bash disable=SC2034,SC2154

# The controller proves the peers between ready and go; a go that comes later than this is too old.
GO_SECONDS=10

# apply LENGTH SHA256 ID TOKEN
apply() {
  WORK=$RUN/bundle.$3
  BUNDLE=$WORK/bundle.tar
  PREP=$STATE/prep.$3
  TOKEN=$4
  ON_FAIL=abandon
  receive "$1" "$2"
  fetch_images
  step check
  make_folders
  take_lock
  check_all
  step stage
  stage_files "$BUNDLE"
  make_secrets
  validate
  step save
  prepare
  wait_for_go
  step arm
  check_again
  record_serials
  arm undo
  change
  step applied-state
  become applied || fail_write "$OPEN"
  ON_FAIL=
  rm -rf -- "$WORK"
  say applied id "$3" generation "${H[generation]}"
}

# change: everything between armed and applied; a failure in it is undone.
change() {
  stop_before
  step swap
  swap
  ((RELOAD == 0)) || reload_daemon
  act_on_units
  run_commands
  check_local
}

# receive LENGTH SHA256: everything arrives, and is what was sent, before any of it is used.
receive() {
  local got
  step receive
  { mkdir -p -- "$RUN" && rm -rf -- "$WORK" && mkdir -- "$WORK"; } 2>/dev/null || fail_write "$RUN"
  head -c "$1" >"$BUNDLE" 2>/dev/null || fail_write "$RUN"
  read -r got _ < <(sha256sum -- "$BUNDLE")
  [[ $got == "$2" ]] || fail receive "the change set arrived damaged or cut off" "$(stat -c %s -- "$BUNDLE") of $1 bytes"
  words_of tar -xf "$BUNDLE" -C "$WORK" --no-same-owner -- plan || fail receive "the change set cannot be unpacked" "${WORDS[@]}"
  read_plan "$WORK/plan" || fail receive "the change set has records that this helper does not know"
}

check_all() {
  check_boot
  hold_lease "$TOKEN"
  end_final_slot
  check_no_slot
  make_reserve
  next_generation
  H[generation]=$REPLY
  check_folders
  check_targets
}

# prepare: R3: old files saved, contents kept, the record written, all of it durable, before anything is armed.
prepare() {
  changed_units
  rm -rf -- "$STATE"/prep.*
  mkdir -- "$PREP" 2>/dev/null || fail_write "$STATE"
  save_old
  save_objects "$BUNDLE"
  look "${D_PATH[@]}"
  write_record
  sync_prepared
}

# wait_for_go: R15: the peers are proven between ready and go. No go, end of input: nothing was touched.
wait_for_go() {
  local line='' asked
  uptime_seconds && asked=$REPLY
  step ready generation "${H[generation]}"
  IFS= read -r -t "$GO_SECONDS" line || :
  uptime_seconds
  # Read again: a process that was stopped meanwhile finds an old go in the pipe.
  [[ $line == go ]] && ((REPLY - asked <= GO_SECONDS)) && return 0
  fail no-go "the controller did not say go within $GO_SECONDS s; nothing was touched"
}

# check_again: at go, in the locked section that arms.
check_again() {
  check_boot
  hold_lease "$TOKEN"
  check_targets
  check_repair
}

# check_repair: R15: a host that is changed because it does not serve is asked once more: by now it may stand in for another that is being changed.
check_repair() {
  [[ -n ${H[unless]-} ]] || return 0
  ! timeout -k 2 10 bash -c "${H[unless]}" </dev/null >/dev/null 2>&1 9>&- || fail serves "this host serves by now: it is not repaired without the leases of its group"
}

# abandon: nothing was armed: what was staged goes.
abandon() {
  local root
  drop_secrets
  local -A roots=()
  for root in "${K_ROOT[@]}"; do roots[$root]=1; done
  rm -rf -- "$WORK" "$PREP" "$RUN/check.${H[id]-none}"
  # Without the lock, or with a slot, the staged files are somebody else's.
  [[ ! -e $OPEN ]] && ((${#K_ROOT[@]})) && rm -rf -- "$ETC_STAGE" "$VAR_STAGE" "${!roots[@]}"
}
