# The guard's part in an OS upgrade: the deadline on both sides of the reboot, and local checks during the trial.
# shellcheck shell=bash disable=SC2034,SC2154

# A red unit is looked at again after so long: one that is being restarted on purpose is up by then, s.
OS_CHECK_SECONDS=2
# What could not be done is tried again after so long, s.
OS_RETRY_SECONDS=5
# A reboot that was asked for and does not come is asked for again, s.
OS_REBOOT_SECONDS=60

# guard_os ID STARTED: one look. Takes the lock only to act.
guard_os() {
  local now word=$GUARD_WORD
  [[ ${OS_SEEN-} == "$1.$word" ]] || { os_guard_begins "$1" && OS_SEEN=$1.$word; }
  [[ $word != failed ]] || return 0
  find_deadline "$1" "$2"
  uptime_seconds && now=$REPLY
  case $word in
    armed | applied)
      if ((now >= DEADLINE)); then
        # Before the lock: what hangs may hold it.
        kill_apply "$1"
        os_act "$1" os_deadline_passed
      elif [[ $word == applied ]] && ((now >= OS_CHECK_FROM)); then
        os_check_units "$1"
      fi
      ;;
    reverting*)
      # What failed on the way back is not waited for as a reboot is.
      ((now < OS_REBOOT_AT && OS_FAILED == 0)) || { OS_REBOOT_AT=$((now + OS_REBOOT_SECONDS)) && os_act "$1" os_reboot_late; }
      ;;
  esac
}

# os_guard_begins ID: a slot or a word that this guard has not seen yet: whatever the boot guard could not do is done now.
os_guard_begins() {
  local began='' done=0 failed=${OS_FAILED:-0}
  declare -gA OS_RESTARTS=()
  OS_RED_AT=0 OS_RED=
  os_act "$1" os_settle || done=1
  read_os_slot || return 0
  read -r began 2>/dev/null <"$RUN/trial.$1" || :
  uptime_seconds
  OS_CHECK_FROM=$((${began:-$REPLY} + ${H[checkAfter]:-30}))
  OS_REBOOT_AT=$((REPLY + OS_REBOOT_SECONDS))
  # A guard that was killed on the way back had not asked yet.
  [[ $OS_WORD != reverting* ]] || is_shutting_down || OS_REBOOT_AT=0
  ((failed == 0)) || OS_FAILED=1
  return "$done"
}

# os_act ID FUNCTION…: under the lock, with the slot read again: it may have ended, or be another. R10: never a blind wait.
# Fails when it has to be tried again.
os_act() {
  local id=$1 done=0
  exec 9>"$RUN/lock"
  if ! flock -w 1 9; then
    done=1
  elif read_os_slot && [[ ${H[id]} == "$id" ]] && ! "${@:2}"; then
    done=1
  fi
  exec 9>&-
  OS_FAILED=$done
  ((done == 0)) || nap "$OS_RETRY_SECONDS"
  return "$done"
}

# os_deadline_passed: read again under the lock: its controller may have moved it.
os_deadline_passed() {
  find_deadline "${H[id]}" "$started"
  uptime_seconds
  ((REPLY >= DEADLINE)) || return 0
  os_where
  case $OS_WORD.$REPLY in
    armed.from)
      local why="nobody went on with the upgrade in time"
      ((OS_TOLD == 0)) || why="the host was told to reboot, and did not in time"
      os_end_armed deadline "$why"
      ;;
    armed.to | applied.to) go_back deadline "nobody confirmed the upgrade in time" ;;
    *) os_settle ;;
  esac
}

os_reboot_late() {
  [[ $OS_WORD == reverting* ]] || return 0
  os_where
  if [[ $REPLY == to && -e $RUN/back.${H[id]} ]]; then go_back "${OS_CAUSE:-deadline}" "the reboot did not come"; else os_settle; fi
}

# os_check_units ID: units that ran before the upgrade run now, and systemd does not have to start them again and again.
# Red is what is red twice, OS_CHECK_SECONDS apart. A unit whose start is queued or going on is judged by the deadline.
os_check_units() {
  local unit
  ((${#W_UNIT[@]})) || return 0
  ((now >= ${OS_RED_AT:-0})) || return 0
  OS_RED_AT=$((now + OS_CHECK_SECONDS))
  os_find_red
  local red=$REPLY
  if [[ -n $red && -n $OS_RED ]]; then
    unit=${red%%$'\n'*}
    WORDS=()
    unit_words "${unit%% *}"
    os_act "$1" os_checks_red "${red//$'\n'/; }" "${WORDS[@]}"
  fi
  OS_RED=$red
}

os_checks_red() {
  os_where
  [[ $OS_WORD.$REPLY != applied.to ]] || go_back checks "$@"
}

# os_find_red: sets REPLY to a line for each unit that is not up, '' when all are.
os_find_red() {
  local unit red='' restarts
  ask_units "${W_UNIT[@]}"
  for unit in "${W_UNIT[@]}"; do
    case ${UNIT_ACTIVE[$unit]-} in
      active | reloading) ;;
      activating) [[ ${UNIT_RESULT[$unit]-} != auto-restart* ]] || red+="$unit keeps failing (${UNIT_RESULT[$unit]})"$'\n' ;;
      *) [[ -n ${UNIT_JOB[$unit]-} ]] || red+="$unit is ${UNIT_ACTIVE[$unit]:-unknown} (${UNIT_RESULT[$unit]-})"$'\n' ;;
    esac
    restarts=${UNIT_RESTARTS[$unit]:-0}
    OS_RESTARTS[$unit]=${OS_RESTARTS[$unit]-$restarts}
    ((restarts <= OS_RESTARTS[$unit])) || red+="$unit was restarted by systemd after it had failed"$'\n'
  done
  REPLY=${red%$'\n'}
}
