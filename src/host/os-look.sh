# What an upgrade decides on, as NUL-separated fields, in one round trip: deployments, Zincati, space, deny list, upgrades of before.
# shellcheck shell=bash disable=SC2034,SC2154
#
# Takes no lock. rpm-ostree's and ostree's JSON goes out as it is: the other side has a parser.

# os slots of before that are told, and lines of each one's report.
OS_PAST=5
OS_REPORT_LINES=64

os_look() {
  local asked
  STEP=look
  make_run_folder
  put_fields coreos-infra 1
  # The slot first: when it is gone, what is deployed was asked for after its end.
  look_os_slot
  look_os_past
  asked=$(mktemp -d "$RUN/look.XXXXXX") || fail_write "$RUN"
  # The daemon may have to be started first; ostree itself is asked meanwhile.
  ask_program "$asked/rpm-ostree" rpm-ostree status --json &
  ask_program "$asked/ostree" ostree admin status --json
  wait
  look_host
  put_program rpm-ostree "$asked/rpm-ostree"
  put_program ostree "$asked/ostree"
  rm -rf -- "$asked"
  look_zincati
  look_space
  look_denied
  list_inhibitors
  local inhibitor
  for inhibitor in "${INHIBITORS[@]}"; do put_fields inhibitor "$inhibitor"; done
  look_finalized
  look_reconciled
  put_fields end
}

put_fields() { printf '%s\0' "$@"; }

# ask_program FILE COMMAND…: its output, words and exit code beside FILE.
ask_program() {
  timeout -k 5 "$OSTREE_SECONDS" "${@:2}" >"$1" 2>"$1.err" </dev/null
  printf '%s\n' "$?" >"$1.code"
}

put_program() {
  local code=1
  read -r code <"$2.code"
  put_fields "$1" "$code"
  tr -d '\000' <"$2"
  printf '\0'
  tail -c "$DETAIL_BYTES" -- "$2.err" | tr -d '\000'
  printf '\0'
}

look_host() {
  local boot up arguments
  boot_id && boot=$REPLY
  read -r up _ </proc/uptime
  read -r arguments </proc/cmdline || :
  deployment
  put_fields host "$boot" "$up" "$REPLY" "$arguments"
}

look_zincati() {
  local held=0
  show_unit zincati.service LoadState,ActiveState,UnitFileState,StatusText,DropInPaths
  [[ ${P[LoadState]-} == loaded || ${P[LoadState]-} == masked ]] || return 0
  [[ ${P[DropInPaths]-} != *50-coreos-infra.conf* ]] || held=1
  put_fields zincati "${P[ActiveState]-}" "${P[UnitFileState]-}" "${P[StatusText]-}" "$held"
  held=''
  read -r held 2>/dev/null <"$ZINCATI_HELD" && put_fields zincati-held "$held"
  return 0
}

look_space() {
  local name blocks size
  for name in boot var sysroot; do
    read -r blocks size < <(stat -f -c '%a %S' -- "/$name" 2>/dev/null) && put_fields free "$name" "$((blocks * size))"
  done
  # What another kernel will need there: as much as the largest that is there now.
  read -r size _ < <(du -sb -- /boot/ostree/*/ 2>/dev/null | sort -rn) && put_fields free kernel "$size"
}

look_denied() {
  local file
  for file in "$STATE"/deny/*; do
    read_records "$file" && ((${#RECORDS[@]} == 7)) && put_fields denied "${RECORDS[@]}"
  done
}

# look_finalized: ostree-boot-complete.service fails in the boot after a finalisation that failed, and says why.
look_finalized() {
  local words
  timeout 10 systemctl -q is-failed ostree-boot-complete.service 2>/dev/null || return 0
  words=$(timeout 10 journalctl -q -b --no-pager -o cat -u ostree-boot-complete.service -n 20 2>/dev/null | grep -m 1 'failed on previous boot')
  put_fields finalize-failure "${words:-ostree-boot-complete.service failed}"
}

# look_reconciled: this /etc could not be brought to the confirmed generation in this boot.
look_reconciled() {
  local -a lines=()
  [[ -e $RUN/reconcile-failed ]] || return 0
  mapfile -t -n 1 lines <"$RUN/reconcile-failed"
  put_fields reconcile-failure "${lines[0]-}"
}

look_os_slot() {
  local deadline=''
  read_os_slot || return 0
  read -r deadline 2>/dev/null <"$RUN/deadline.${H[id]}" || :
  uptime_seconds
  [[ ! $deadline =~ ^[0-9]+$ ]] || deadline=$((deadline - REPLY))
  put_fields slot "${H[id]}" "${H[run]}" "${H[owner]}" "$OS_WORD" "${H[action]}" "${H[from]}" "$OS_TO" "${H[toVersion]}" "${H[target]}" "$OS_CAUSE" "$OS_TRIAL" "$deadline"
}

# look_os_past: the last that ended, oldest first, whatever way.
look_os_past() {
  local dir n word reason
  local -a folders=() numbers=() lines=()
  for dir in "$STATE"/{generations,reverted,failed}/*/os; do
    dir=${dir%/os} n=${dir##*/}
    [[ ! $n =~ ^[1-9][0-9]*$ ]] || folders[n]=$dir
  done
  numbers=("${!folders[@]}")
  ((${#numbers[@]} <= OS_PAST)) || numbers=("${numbers[@]: -OS_PAST}")
  for n in "${numbers[@]}"; do
    dir=${folders[n]} word=''
    read_os_folder "$dir" || continue
    read -r word 2>/dev/null <"$dir/state" || :
    lines=()
    [[ ! -f $dir/report ]] || mapfile -t -n "$OS_REPORT_LINES" lines <"$dir/report"
    reason=${lines[0]-}
    put_fields past "${H[id]}" "${H[run]}" "${H[owner]}" "$n" "$word" "${H[action]}" "${H[from]}" "${H[fromVersion]}" "$OS_TO" "${H[toVersion]}" \
      "${H[target]}" "$OS_CAUSE" "$reason" "$(stat -c %Y -- "$dir/state" 2>/dev/null || echo 0)" "${#lines[@]}" "${lines[@]}"
  done
}
