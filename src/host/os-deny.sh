# The deny list: releases that a host of the fleet went back from, and what keeps this host's Zincati from taking one of them.
# shellcheck shell=bash disable=SC2034,SC2154
#
# Zincati cannot be told to skip a release. When it starts it avoids those that are on disk, but only those: a person may delete them (`rpm-ostree
# cleanup -r`) and start it anew in the same boot. So it is held on every host, also on the one that went back, by a second condition in its
# drop-in, until this host has passed what is denied, or that is forgiven. It goes to nothing older by itself.

# deny CHECKSUM TARGET VERSION CAUSE REASON RUN: the entry's name is the checksum, or that of the target where no deployment is known.
deny() {
  local name=$1
  [[ $name =~ ^[0-9a-f]{64}$ ]] || name=${2#sha256:}
  WORDS=("no checksum and no digest: $1 $2")
  [[ $name =~ ^[0-9a-f]{64}$ ]] || return 1
  words_of mkdir -p -- "$STATE/deny" || return 1
  { printf '%s\0' "$@" "$(date +%s)" >"$STATE/deny/.$name"; } 2>/dev/null || return 1
  words_of sync -- "$STATE/deny/.$name" && words_of mv --no-copy -fT -- "$STATE/deny/.$name" "$STATE/deny/$name" && words_of sync -- "$STATE/deny"
}

# deny_target: a release is at fault only when something was seen of it: red checks, a second boot in its trial, or a person's word.
# Nobody confirmed in time, or an abort: that may be the controller's fault.
deny_target() {
  local reason=''
  case $OS_CAUSE in
    checks | second-boot | person) ;;
    *) return 0 ;;
  esac
  read -r reason 2>/dev/null <"$OPEN/report" || :
  deny "${OS_TO%.*}" "${H[target]}" "${H[toVersion]}" "$OS_CAUSE" "$reason" "${H[run]}" || say_not_denied
}

# deny_left: a rollback that is confirmed is a person's word against the release that was left.
deny_left() {
  [[ ${H[kind]} == os && ${H[action]} == rollback ]] || return 0
  deny "${H[from]%.*}" "${H[fromTarget]-}" "${H[fromVersion]}" person "${H[owner]} went back by hand" "${H[run]}" || say_not_denied
}

say_not_denied() { say_error write-failed "the release cannot be put on the deny list" "${WORDS[@]}"; }

# os_deny TOKEN CHECKSUM TARGET VERSION CAUSE REASON RUN: another host of the fleet went back from it.
os_deny() {
  STEP=deny
  make_run_folder
  take_lock
  hold_lease "$1"
  deny "${@:2}" || fail write-failed "the deny list cannot be written" "${WORDS[@]}"
  # While a slot is open that holds Zincati, and whoever puts it away looks at the list.
  [[ -e $OPEN ]] || stop_denied
  say denied
}

# os_undeny TOKEN NAME: NAME is a checksum, target or version.
os_undeny() {
  local file
  STEP=undeny
  make_run_folder
  take_lock
  hold_lease "$1"
  for file in "$STATE"/deny/*; do
    if read_records "$file" && [[ $2 == "${RECORDS[0]-}" || $2 == "${RECORDS[1]-}" || $2 == "${RECORDS[2]-}" ]]; then rm -f -- "$file"; fi
  done
  words_of sync -- "$STATE"/deny || :
  if [[ ! -e $OPEN && -e $ZINCATI_HELD ]]; then
    declare -gA H=()
    hold_denied
    free_zincati
  fi
  say undenied
}

# hold_denied: the record that keeps Zincati from starting follows from the deny list and what is booted. Fails when it is not held.
hold_denied() {
  find_denied
  if [[ -z $REPLY ]]; then
    rm -f -- "$ZINCATI_HELD"
    return 1
  fi
  { printf '%s\n' "$REPLY" >"$ZINCATI_HELD.new" && mv --no-copy -fT -- "$ZINCATI_HELD.new" "$ZINCATI_HELD" && sync -- "$STATE"; } 2>/dev/null || :
  keep_drop_in
  [[ -e $ZINCATI_HELD ]]
}

# keep_drop_in: this /etc may be that of a host that was never changed by us, or older than the second condition: of a deployment gone back to.
keep_drop_in() {
  local name=zincati.service.d/50-coreos-infra.conf text=''
  is_zincati_here || return 0
  { text=$(<"$UNIT_FOLDER/$name"); } 2>/dev/null || :
  [[ $text != "$(unit_text "$name")" ]] || return 0
  (umask 022 && mkdir -p -- "$UNIT_FOLDER/${name%/*}") 2>/dev/null || :
  if install_unit "$name" "$UNIT_FOLDER/.coreos-infra.new"; then control daemon-reload || :; fi
}

# find_denied: sets REPLY to the denied releases that Zincati would take, '' when there is none.
find_denied() {
  local file booted='' found=''
  local -a files=("$STATE"/deny/*)
  REPLY=
  ((${#files[@]})) || return 0
  booted_version && booted=$REPLY
  for file in "${files[@]}"; do
    if read_records "$file" && ((${#RECORDS[@]} == 7)) && is_newer "${RECORDS[2]}" "$booted"; then found+=" ${RECORDS[2]:-${file##*/}}"; fi
  done
  REPLY=${found# }
}

booted_version() {
  local key value release=/etc/os-release
  REPLY=
  [[ -r $release ]] || release=/usr/lib/os-release
  while IFS='=' read -r key value; do
    [[ $key != OSTREE_VERSION ]] || { value=${value//[\"\']/} && REPLY=$value; }
  done 2>/dev/null <"$release" || :
}

# is_newer ONE TWO: as versions are sorted; one that nobody knows counts as newer.
is_newer() {
  local last
  [[ -n $1 && -n $2 ]] || return 0
  [[ $1 != "$2" ]] || return 1
  last=$(printf '%s\n' "$1" "$2" | sort -V | tail -n 1)
  [[ $last == "$1" ]]
}

# stop_denied: Zincati may run, and may have staged the release already. Best effort: the list itself is written.
stop_denied() {
  local n
  declare -gA H=([id]=deny)
  hold_denied || return 0
  show_unit zincati.service LoadState,ActiveState
  [[ ${P[LoadState]-} == loaded ]] || return 0
  [[ ${P[ActiveState]-} != inactive ]] || return 0
  control stop -- zincati.service || return 0
  # Tried in vain, it is known to be wanted: whoever lifts this starts it again.
  control start --no-block -- zincati.service || :
  for ((n = 0; n < OS_IDLE_SECONDS; n++)); do
    is_transaction || break
    sleep 1 9>&-
  done
  if read_deployments && is_staged && [[ ${DEP_LOCKED[0]} == true ]]; then drop_staged || :; fi
}
