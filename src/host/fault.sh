# Faults for tests in the lab. Only in helpers that the encoder was asked to build with it; no helper of a real host contains this file.
# shellcheck shell=bash disable=SC2034,SC2154
#
# /var/lib/coreos-infra.fault holds one line `STEP KIND`, used once. Kinds: kill (SIGKILL for everything of this verb),
# pause (until the file …fault.pause is gone, 60 s at most; tests cut, crash or fill meanwhile), fail (the step fails).

FAULT_FILE=/var/lib/coreos-infra.fault

at_step() {
  local at='' kind='' n
  read -r at kind 2>/dev/null <"$FAULT_FILE" || return 0
  [[ $at == "$1" ]] || return 0
  rm -f -- "$FAULT_FILE"
  printf '%s %s\n' "$at" "$kind" >"$FAULT_FILE.hit"
  case $kind in
    kill) kill -KILL 0 ;;
    pause)
      : >"$FAULT_FILE.pause"
      [[ -n ${NEVER-} ]] || exec {NEVER}<> <(:)
      for ((n = 0; n < 600; n++)); do
        [[ -e $FAULT_FILE.pause ]] || break
        nap 0.1
      done
      ;;
    fail) fail write-failed "the fault that was asked for" ;;
  esac
}
