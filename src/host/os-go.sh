# The point of no return: the gates once more, then unlock and reboot in one locked step. And the plain reboot, which has no slot.
# shellcheck shell=bash disable=SC2034,SC2154

# os_go ID TOKEN BOOT
os_go() {
  STEP=check
  take_lock
  os_gate "$@"
  wait_for_go
  STEP=leave
  os_note_told || fail_write "$OPEN"
  os_gate "$@"
  at_step leave
  step rebooting
  if [[ ${H[action]} == rollback ]]; then
    make_default "$OS_TO" || fail ostree "the deployment $OS_TO cannot be made the default" "${WORDS[@]}"
  else
    os_unlock
  fi
  at_step leave-reboot
  reboot_now || fail ostree "the host cannot be rebooted" "${WORDS[@]}"
}

# os_gate ID TOKEN BOOT: fence, the target, Zincati, transactions, inhibitors: before `ready`, and again at `go`.
os_gate() {
  os_fence_armed "$@"
  os_where
  [[ $REPLY == from ]] || fail booted "another deployment is booted than the one to leave"
  if is_transaction; then fail transaction "rpm-ostree is busy" "${WORDS[@]}"; fi
  read_deployments || fail ostree "ostree does not say what is deployed" "${WORDS[@]}"
  if [[ ${H[action]} == rollback ]]; then
    ! is_staged || fail staged "a deployment is staged" "${DEP_NAME[0]}"
    index_of "$OS_TO" || fail not-on-disk "the deployment $OS_TO is not on disk any more"
  else
    is_staged || fail staged "nothing is staged" "target: ${OS_TO:-none was staged}"
    [[ ${DEP_NAME[0]} == "$OS_TO" ]] || fail staged "what is staged is not the target" "staged: ${DEP_NAME[0]}" "target: ${OS_TO:-none was staged}"
    [[ ${DEP_LOCKED[0]} == true ]] || fail staged "what is staged is not locked any more" "${DEP_NAME[0]}"
  fi
  index_of "${H[from]}" || fail not-on-disk "the booted deployment is not on disk any more"
  check_inhibitors
}

# os_unlock: rpm-ostree lifts the lock and reboots in one call. Whatever it says then, the deployment tells.
os_unlock() {
  local -a said
  words_of timeout -k 5 "$OSTREE_SECONDS" rpm-ostree finalize-deployment "${H[target]}" </dev/null
  said=("${WORDS[@]}")
  is_shutting_down && return
  read_deployments || fail ostree "ostree does not say what is deployed" "${WORDS[@]}"
  [[ ${DEP_STAGED[0]} == true && ${DEP_NAME[0]} == "$OS_TO" && ${DEP_LOCKED[0]} != true ]] || fail staged "what is staged cannot be unlocked" "${said[@]}"
}

# list_inhibitors: sets INHIBITORS to `who: why` of those that block a shutdown.
list_inhibitors() {
  local text='' word='"(([^"\]|\\.)*)"'
  INHIBITORS=()
  read -r text < <(timeout 10 busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager ListInhibitors 2>/dev/null </dev/null 9>&-) || :
  text=${text#*' '} text=${text#*' '}
  while [[ $text =~ ^$word\ $word\ $word\ $word\ [0-9]+\ [0-9]+\ ?(.*)$ ]]; do
    text=${BASH_REMATCH[9]}
    [[ :${BASH_REMATCH[1]}: != *:shutdown:* || ${BASH_REMATCH[7]} != block ]] || INHIBITORS+=("${BASH_REMATCH[3]}: ${BASH_REMATCH[5]}")
  done
}

# check_inhibitors: with one, rpm-ostree refuses after it has lifted the lock; and whoever holds it has a reason.
check_inhibitors() {
  list_inhibitors
  ((${#INHIBITORS[@]} == 0)) || fail inhibited "somebody keeps this host from shutting down" "${INHIBITORS[@]}"
}

# os_reboot TOKEN BOOT: the same OS again. Nothing could be undone, so there is no slot; but what is staged would change the OS.
os_reboot() {
  STEP=check
  make_run_folder
  take_lock
  declare -gA H=([generation]=0)
  reboot_gate "$@"
  wait_for_go
  STEP=leave
  reboot_gate "$@"
  step rebooting
  reboot_now || fail ostree "the host cannot be rebooted" "${WORDS[@]}"
}

reboot_gate() {
  boot_id
  [[ $REPLY == "$2" ]] || fail booted "the host was booted since it was looked at" "present boot $REPLY"
  hold_lease "$1"
  end_final_slot
  check_no_slot
  check_inhibitors
  [[ -e /run/ostree-booted ]] || return 0
  if is_transaction; then fail transaction "rpm-ostree is busy" "${WORDS[@]}"; fi
  read_deployments || fail ostree "ostree does not say what is deployed" "${WORDS[@]}"
  ! is_staged || [[ ${DEP_LOCKED[0]} == true ]] || fail staged "a deployment is staged: this reboot would boot it" "${DEP_NAME[0]}"
  deployment
  check_default "$REPLY"
}
