# How an OS upgrade goes on: one table of what the slot says and what is booted, for boot guard, guard and requests alike; and going back.
# shellcheck shell=bash disable=SC2034,SC2154
#
# All of it under the lock, after read_os_slot. BOOTING=1: before basic.target, without D-Bus.

# os_settle: what this boot means for the slot. Nothing to do while an armed slot waits in the boot that it was opened in, a trial in
# its own boot, or the reboot that was asked for comes. Fails when it has to be tried again.
os_settle() {
  local where boot
  os_where && where=$REPLY
  boot_id && boot=$REPLY
  case $OS_WORD.$where in
    confirmed.* | reverted.* | failed.*) ;;
    armed.from)
      [[ $boot == "${H[boot]}" ]] || os_not_applied
      ;;
    armed.to) begin_trial "$boot" ;;
    applied.to)
      # B4: a crash loop never reaches a deadline.
      [[ $boot == "$OS_TRIAL" ]] || go_back second-boot "the host was booted again before the upgrade was confirmed"
      ;;
    applied.from) os_reverted person "the old deployment was booted during the trial" ;;
    reverting.from | reverting2.from) os_reverted '' '' ;;
    reverting.to | reverting2.to)
      [[ -e $RUN/back.${H[id]} ]] || go_back_again
      ;;
    *) os_failed "neither the old deployment nor the target is booted, but ${OS_BOOTED:-none that ostree knows}" ;;
  esac
}

# begin_trial BOOT: the first boot into the target. The boot is durable before the word: an unknown one could not be confirmed.
begin_trial() {
  local now
  at_step trial
  note trial "$1" || { say_error no-space "the trial cannot be noted" "${WORDS[@]}" && return 1; }
  OS_TRIAL=$1
  forget_cause
  uptime_seconds && now=$REPLY
  { printf '%s\n' "$now" >"$RUN/trial.${H[id]}" && printf '%s\n' "$((now + H[within]))" >"$RUN/deadline.${H[id]}"; } 2>/dev/null || :
  become applied || return 1
  OS_WORD=applied
  say trial id "${H[id]}" to "$OS_TO"
}

# os_not_applied: another boot of the old deployment: finalised in vain, locked, or power was cut. Never anything further back.
os_not_applied() {
  local stamp=''
  # ostree's own word of a finalisation that failed; ostree-boot-complete.service deletes it later in this boot.
  read -r stamp 2>/dev/null </boot/ostree/finalize-failure.stamp || stamp=$(why_not_finalised)
  os_reverted not-applied "the host came up with the old deployment${stamp:+: $stamp}"
}

# why_not_finalised: on a full /boot there is no room for ostree's word either; what it said at the shutdown is in the journal.
why_not_finalised() {
  timeout -k 1 5 journalctl -q --no-pager -o cat -b "${H[boot]//-/}" -u ostree-finalize-staged.service -n 50 2>/dev/null </dev/null 9>&- |
    grep -m 1 -o 'error: .*' | head -c 500 || :
}

# os_reverted CAUSE REASON [DETAIL…]: B5: dropped first, ended then. The old deployment is booted, the default, and nothing is staged.
os_reverted() {
  [[ -z $1 ]] || note_cause "$@" || return 1
  [[ -n ${BOOTING-} ]] || drop_staged || return 1
  make_default "${H[from]}" || { os_cannot "the old deployment cannot be made the default" && return 1; }
  at_step os-reverted
  deny_target
  become reverted || return 1
  OS_WORD=reverted
  say reverted id "${H[id]}" notUndone ''
  archive reverted || :
}

# os_end_armed CAUSE REASON: before the host left the old deployment: at the deadline or on request. A reboot that is under way is
# left to itself: it may refuse to be undone, and the boot guard decides by what comes up.
os_end_armed() {
  step os-end reason "$2"
  if is_shutting_down; then
    WORDS=("the host is shutting down")
    return 1
  fi
  at_step os-end-cleanup
  os_reverted "$@"
}

# go_back CAUSE REASON [DETAIL…]: from the target to the old deployment: cause, word, default, reboot; each may be cut, and is done again.
go_back() {
  step go-back reason "$2"
  note_cause "$@" || :
  [[ $OS_WORD == reverting* ]] || enter reverting || return 1
  [[ -n ${BOOTING-} ]] || control stop -- zincati.service || :
  at_step back-cleanup
  # Without the daemon, or with it at work, set-default drops what is staged all the same.
  [[ -n ${BOOTING-} ]] || drop_staged || :
  read_deployments || { os_cannot "ostree does not answer" && return 1; }
  if ! index_of "${H[from]}"; then
    os_failed "the way back, ${H[from]}, is not on disk any more"
    return
  fi
  at_step back-default
  make_default "${H[from]}" || { os_cannot "the old deployment cannot be made the default" && return 1; }
  at_step back-reboot
  say going-back id "${H[id]}" to "${H[from]}"
  reboot_now || { os_cannot "the host cannot be rebooted" && return 1; }
}

# go_back_again: the reboot that was asked for brought the target again. Once more; after that it is for a person: it never loops.
go_back_again() {
  if [[ $OS_WORD == reverting2 ]]; then
    os_failed "the host came up with the target again and again, although the old deployment was made the default"
    return
  fi
  enter reverting2 || return 1
  go_back "${OS_CAUSE:-deadline}" "the host came up with the target again"
}

# enter WORD: what was asked for in this boot is noted in /run first: a boot forgets it, and so shows that it did not help.
enter() {
  { printf '%s\n' "$1" >"$RUN/back.${H[id]}"; } 2>/dev/null || { WORDS=("no space in $RUN") && return 1; }
  become "$1" || return 1
  OS_WORD=$1
}

# os_failed WHY: a state that nobody can name, or no way back: a person has to look (`run unlock`). Nothing else is touched.
os_failed() {
  { printf '%s\n' "$1" >"$OPEN/report"; } 2>/dev/null || :
  become failed || return 1
  OS_WORD=failed
  say_error revert-failed "$1"
}

os_cannot() { say_error revert-failed "$1; it tries again" "${WORDS[@]}"; }

# os_request CAUSE REASON: revert_request of an os slot, under the lock.
os_request() {
  local cause=${1:-abort} reason=${2:-it was asked for}
  os_settle || return 1
  read_os_slot || return 0
  os_where
  case $OS_WORD.$REPLY in
    armed.from) os_end_armed "$cause" "$reason" ;;
    applied.to) go_back "$cause" "$reason" ;;
    reverting*.to) say going-back id "${H[id]}" to "${H[from]}" ;;
    *) status "${H[id]}" ;;
  esac
}
