# Units and commands of a change set: acting on them in order, and proving afterwards that they stay up.
# shellcheck shell=bash disable=SC2034,SC2154

# Longer than systemd's own start and stop timeouts on CoreOS (45 s each); a restart is both.
SYSTEMCTL_SECONDS=120
SETTLE_POLL_SECONDS=0.25

# systemctl without questions, bounded, without the lock.
control() { words_of timeout -k 5 "$SYSTEMCTL_SECONDS" systemctl --no-ask-password "$@"; }

# ask_units UNIT…: fills UNIT_ACTIVE, UNIT_ENABLED, UNIT_INVOCATION, UNIT_RESTARTS, UNIT_RESULT, UNIT_JOB (what systemd still has to do with it) by unit.
ask_units() {
  declare -gA UNIT_ACTIVE=() UNIT_ENABLED=() UNIT_INVOCATION=() UNIT_RESTARTS=() UNIT_RESULT=() UNIT_JOB=()
  (($#)) || return 0
  local line unit
  local -A p=()
  while IFS= read -r line || ((${#p[@]})); do
    if [[ -n $line ]]; then
      p[${line%%=*}]=${line#*=}
      continue
    fi
    (($#)) || break
    unit=$1
    shift
    UNIT_ACTIVE[$unit]=${p[ActiveState]-} UNIT_ENABLED[$unit]=${p[UnitFileState]-} UNIT_INVOCATION[$unit]=${p[InvocationID]-}
    UNIT_RESTARTS[$unit]=${p[NRestarts]-0} UNIT_RESULT[$unit]="${p[SubState]-}, result ${p[Result]--}, exit status ${p[ExecMainStatus]--}"
    UNIT_JOB[$unit]=${p[Job]-}
    p=()
  done < <(timeout -k 5 20 systemctl show -p ActiveState,SubState,UnitFileState,InvocationID,NRestarts,Result,ExecMainStatus,Job -- "$@" 2>/dev/null </dev/null 9>&-)
}

# show_unit UNIT PROPERTIES: fills P by property.
show_unit() {
  local line
  declare -gA P=()
  while IFS= read -r line; do
    [[ -z $line ]] || P[${line%%=*}]=${line#*=}
  done < <(timeout -k 5 20 systemctl show -p "$2" -- "$1" 2>/dev/null </dev/null 9>&-)
}

# stop_before: units whose files go, or that are to be stopped ahead of the swap.
stop_before() {
  local i
  for i in "${!U_UNIT[@]}"; do
    [[ ${U_WHEN[i]} == before ]] || continue
    step unit unit "${U_UNIT[i]}" action "${U_ACTION[i]}"
    control "${U_ACTION[i]}" -- "${U_UNIT[i]}" || fail unit-failed "${U_UNIT[i]}: ${U_ACTION[i]} failed" "${WORDS[@]}"
  done
}

reload_daemon() {
  step daemon-reload
  control daemon-reload || fail daemon-reload "systemd could not load its units anew" "${WORDS[@]}"
}

act_on_units() {
  local i
  declare -gA SETTLE_UNTIL=()
  for i in "${!U_UNIT[@]}"; do
    [[ ${U_WHEN[i]} == after ]] || continue
    step unit unit "${U_UNIT[i]}" action "${U_ACTION[i]}"
    forget_starts "${U_ACTION[i]}" "${U_UNIT[i]}"
    control "${U_ACTION[i]}" -- "${U_UNIT[i]}" || fail_unit "${U_UNIT[i]}" "${U_ACTION[i]} failed"
    case ${U_ACTION[i]} in
      start | restart | reload)
        uptime_hundredths
        SETTLE_UNTIL[${U_UNIT[i]}]=$((REPLY + 100 * U_SETTLE[i]))
        ;;
    esac
  done
}

# forget_starts ACTION UNIT: starts of before do not count: systemd refuses a start that comes "too often" (StartLimitBurst=),
# and a new configuration that crashed a few times would take the old one with it.
forget_starts() {
  [[ $1 != *start ]] || control reset-failed -- "$2" || :
}

uptime_hundredths() {
  local text
  read -r text _ </proc/uptime
  REPLY=$((10#${text/./}))
}

# run_commands: after the units, in order. What they print goes back, for changedWhen. A command that ran is noted, for its undo.
run_commands() {
  local i code
  for i in "${!C_ID[@]}"; do
    step command id "${C_ID[i]}"
    mv --no-copy -fT -- "$OPEN/command.$i" "$OPEN/ran.$i" 2>/dev/null || :
    timeout -k 5 "${C_SECONDS[i]}" bash -c "${C_SCRIPT[i]}" </dev/null >"$BUNDLE.out" 2>"$BUNDLE.err" 9>&-
    code=$?
    if ((code)); then
      tail_of "$BUNDLE.err"
      ((${#WORDS[@]})) || tail_of "$BUNDLE.out"
      fail command-failed "${C_ID[i]} ended with exit code $code" "${WORDS[@]}"
    fi
    tail_of "$BUNDLE.out"
    join_words
    say command id "${C_ID[i]}" output "$REPLY"
  done
}

# check_local: started units are active, have not been restarted by systemd, and stay so for their settle time.
check_local() {
  local unit now last=0
  local -A restarts=()
  ((${#SETTLE_UNTIL[@]})) || return 0
  step local-checks
  while :; do
    ask_units "${!SETTLE_UNTIL[@]}"
    uptime_hundredths
    now=$REPLY last=0
    for unit in "${!SETTLE_UNTIL[@]}"; do
      case ${UNIT_ACTIVE[$unit]-} in
        active | reloading) ;;
        *) fail_unit "$unit" "it did not stay up: ${UNIT_ACTIVE[$unit]-unknown} (${UNIT_RESULT[$unit]-})" ;;
      esac
      restarts[$unit]=${restarts[$unit]-${UNIT_RESTARTS[$unit]}}
      [[ ${restarts[$unit]} == "${UNIT_RESTARTS[$unit]}" ]] || fail_unit "$unit" "systemd restarted it after it had failed (${UNIT_RESULT[$unit]})"
      ((SETTLE_UNTIL[$unit] <= last)) || last=${SETTLE_UNTIL[$unit]}
    done
    ((now < last)) || return 0
    sleep "$SETTLE_POLL_SECONDS" 9>&-
  done
}

# fail_unit UNIT WHAT: with the unit's own words from the journal of its last run.
fail_unit() {
  local unit=$1 what=$2
  local -a said=("${WORDS[@]}")
  unit_words "$unit"
  ((${#WORDS[@]})) || WORDS=("${said[@]}")
  fail unit-failed "$unit: $what" "${WORDS[@]}"
}

journal_words() { timeout 10 journalctl -q --no-pager -o cat -n 40 "$@" 2>/dev/null </dev/null 9>&-; }

# unit_words UNIT: sets WORDS to what the last run of the unit said, and systemd about it.
unit_words() {
  local unit=$1
  local -a which=(-b -u "$unit")
  ask_units "$unit"
  timeout 5 journalctl --sync >/dev/null 2>&1 </dev/null 9>&- || :
  if [[ -n ${UNIT_INVOCATION[$unit]} ]]; then
    # A journal that comes late does not know any more of which run a dead process was, only of which unit.
    WORDS=("_SYSTEMD_INVOCATION_ID=${UNIT_INVOCATION[$unit]}")
    if [[ -n $(journal_words "${WORDS[0]}") ]]; then which=("${WORDS[0]}" + "INVOCATION_ID=${UNIT_INVOCATION[$unit]}"); else which+=(--since=-1min); fi
  fi
  mapfile -t WORDS < <(journal_words "${which[@]}")
}
