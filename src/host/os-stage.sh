# Staging the target, locked against finalisation: a reboot meanwhile, whoever asks for it, boots the old deployment.
# shellcheck shell=bash disable=SC2034,SC2154

# os_fence ID TOKEN BOOT [WORD…]: R12 for OS slots: this slot, our lease (renewed), this boot, one of these words. Under the lock.
os_fence() {
  local boot
  make_run_folder
  hold_lease "$2"
  read_os_slot || fail no-slot "no OS upgrade is open on this host"
  [[ ${H[id]} == "$1" ]] || fail other-slot "change set ${H[id]} is open on this host, not $1"
  boot_id && boot=$REPLY
  [[ $boot == "$3" ]] || fail booted "the host was booted since it was looked at" "present boot $boot"
  [[ " ${*:4} " == *" $OS_WORD "* ]] || fail not-applied "the upgrade cannot go on: it is $OS_WORD" "$OS_WORD"
}

# os_fence_armed ID TOKEN BOOT: in the boot that the slot was opened in.
os_fence_armed() {
  os_fence "$@" armed
  [[ ${H[boot]} == "$3" ]] || fail booted "the host was booted since the slot was opened"
  check_zincati
}

# os_stage ID TOKEN BOOT REVISION DOWNGRADE
os_stage() {
  local code line version=''
  local -a flags=(--bypass-driver --unchanged-exit-77 --lock-finalization)
  [[ $5 == 1 ]] || flags+=(--disallow-downgrade)
  STEP=check
  take_lock
  os_fence_armed "$1" "$2" "$3"
  [[ ${H[action]} == upgrade ]] || fail usage "nothing is staged for a rollback"
  # Whoever ends the slot knows by this that the transaction is ours, and cancels it.
  : >"$RUN/staging.$1" || fail_write "$RUN"
  step stage
  # The lock is free meanwhile: it takes minutes, and the controller renews and may abort. The guard kills this unit.
  exec 9>&-
  { rpm-ostree deploy "${flags[@]}" "$4" 2>"$RUN/stage.$1" </dev/null; printf '%s\n' "exit $?"; } |
    while IFS= read -r line; do
      [[ ! $line =~ ^exit\ [0-9]+$ ]] || { printf '%s\n' "${line#exit }" >"$RUN/stage.$1.code" && continue; }
      [[ -z $line ]] || say progress text "$line"
    done
  read -r code 2>/dev/null <"$RUN/stage.$1.code" || code=255
  # It has answered: whatever is at work from now on is somebody else's, and not cancelled. Killed, it leaves its transaction behind.
  ((code > 128)) || rm -f -- "$RUN/staging.$1"
  tail_of "$RUN/stage.$1"
  rm -f -- "$RUN/stage.$1" "$RUN/stage.$1.code"
  [[ $code == 0 || $code == 77 ]] || fail stage-failed "rpm-ostree deploy $4 ended with exit code $code" "${WORDS[@]}"
  step staged-check
  take_lock 20
  os_fence_armed "$1" "$2" "$3"
  rm -f -- "$RUN/staging.$1"
  os_note_staged
  say staged id "$1" to "$OS_TO" version "${H[toVersion]}"
}

# os_note_staged: `No change.` and exit 77 say nothing: also of what is booted, or staged unlocked. What is staged is read back.
os_note_staged() {
  read_deployments || fail ostree "ostree does not say what is deployed" "${WORDS[@]}"
  is_staged || fail staged "nothing is staged" "the first deployment is ${DEP_NAME[0]}"
  [[ ${DEP_LOCKED[0]} == true ]] || fail staged "what is staged is not locked: a reboot would finalise it" "${DEP_NAME[0]}"
  [[ ${DEP_NAME[0]} != "${H[from]}" ]] || fail staged "what is staged is what is booted"
  note target "${DEP_NAME[0]}" || fail_write "$OPEN"
  OS_TO=${DEP_NAME[0]}
}

# os_deadline ID TOKEN BOOT SECONDS: only the living controller, with its lease, moves it.
os_deadline() {
  STEP=deadline
  make_run_folder
  take_lock
  os_fence "$1" "$2" "$3" armed applied
  uptime_seconds
  { printf '%s\n' "$((REPLY + $4))" >"$RUN/deadline.new" && mv --no-copy -fT -- "$RUN/deadline.new" "$RUN/deadline.$1"; } 2>/dev/null || fail_write "$RUN"
  say deadline expiresInSec "$4"
}
