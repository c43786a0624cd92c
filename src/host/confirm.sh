# Confirm: the controller's word, over a fresh connection, that the change is proven. After it nothing reverts.
# shellcheck shell=bash disable=SC2034,SC2154

# confirm ID BOOT: R12: fenced by id and boot. Whoever renames the state first wins; repeated, it gives the same answer.
confirm() {
  local word boot
  step confirm
  take_lock
  if ! slot_state; then
    confirmed_before "$1" && return
    fail no-slot "no change set is open on this host"
  fi
  word=$REPLY
  read_plan "$OPEN/manifest" || fail record "the record of the open change set cannot be read"
  [[ ${H[id]} == "$1" ]] || fail other-slot "change set ${H[id]} is open on this host, not $1"
  boot=${H[boot]}
  # Of an OS upgrade the trial is confirmed: its boot, and the target in it.
  if read_os_slot; then
    os_where
    boot=
    [[ $REPLY != to ]] || boot=$OS_TRIAL
  fi
  boot_id
  [[ $boot == "$REPLY" && $REPLY == "$2" ]] || fail booted "the host was booted since the change set was applied"
  case $word in
    applied | confirmed) ;;
    *) fail not-applied "the change set cannot be confirmed any more: it is $word" "$word" ;;
  esac
  note_way_back
  # R4: durable before its answer.
  become confirmed || fail_write "$OPEN"
  at_step confirmed
  deny_left
  say confirmed id "$1" generation "${H[generation]}" wayBack "$WAY_BACK"
  archive generations || :
  prune_images
  prune_secrets
}

# note_way_back: a release that proved itself is confirmed, also when somebody deleted the one that it came from: but not without a word.
note_way_back() {
  WAY_BACK=
  if [[ ${H[kind]} != os || ${H[action]} != upgrade ]] || ! read_deployments || index_of "${H[from]}"; then return 0; fi
  WAY_BACK=gone
  { : >"$OPEN/no-way-back"; } 2>/dev/null || :
}

# confirmed_before ID: it is in the archive of confirmed ones: the first answer was lost.
confirmed_before() {
  local dir
  for dir in "$STATE"/generations/*/; do
    if ! read_header "$dir/manifest" || [[ ${HEADER[id]} != "$1" ]]; then continue; fi
    WAY_BACK=
    [[ ! -e $dir/no-way-back ]] || WAY_BACK=gone
    say confirmed id "$1" generation "${HEADER[generation]}" wayBack "$WAY_BACK"
    return 0
  done
  return 1
}
