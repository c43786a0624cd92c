# The boot guard: before any service starts, what is found unconfirmed is put back, and a foreign /etc is brought to the confirmed generation.
# shellcheck shell=bash disable=SC2034,SC2154

# boot_guard: R16: runs before basic.target. Never fails the boot: what it cannot do, the guard tries again.
boot_guard() {
  STEP=boot
  make_run_folder
  # Nothing else of ours runs this early; the lock is free.
  take_lock
  if slot_state; then
    case $REPLY in
      confirmed | reverted) end_final_slot ;;
      failed) ;;
      *) if read_os_slot; then BOOTING=1 os_settle || :; else BOOTING=1 revert "the host was booted before it was confirmed" || :; fi ;;
    esac
  fi
  # During a trial as well: services of the new OS start on the confirmed configuration. Not when the host is on its way back.
  if [[ ! -e $OPEN ]] || { read_os_slot && [[ ! -e $RUN/back.${H[id]} ]]; }; then reconcile || :; fi
  # What is booted may be another release than when that was worked out last.
  hold_denied || :
}
