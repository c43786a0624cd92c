# What every remote command of ours starts with: how it talks to the controller, and whether the host is in a change set.
# shellcheck shell=bash disable=SC2034
# Arguments: NONCE LOCK(1|0) …

# refused: nothing was done; the sign says why. 75 is EX_TEMPFAIL (sysexits.h).
EX_REFUSED=75

# say WORD VALUE…: one sign on stderr; values are percent-encoded, so that each is one word.
say() {
  local line=$1 word
  shift
  for word; do encode "$word" && line+=" $REPLY"; done
  printf '\036%s %s\n' "$NONCE" "$line" >&2
}

encode() {
  local LC_ALL=C text=$1 i c
  REPLY=
  for ((i = 0; i < ${#text}; i++)); do
    c=${text:i:1}
    case $c in
      [A-Za-z0-9_./:@+-]) REPLY+=$c ;;
      *) printf -v c '%%%02x' "'$c" && REPLY+=${c/ffffffffffffff/} ;;
    esac
  done
}

refuse() {
  say "$@"
  exit "$EX_REFUSED"
}

# look_slot: as root. Prints `id state run owner seconds` of a change set that is not ended, each percent-encoded; else nothing.
look_slot() {
  local open=/var/lib/coreos-infra/open state='' key value up left='' REPLY word line=slot
  local -A header=()
  [[ -d $open ]] || return 0
  { read -r state <"$open/state"; } 2>/dev/null
  [[ $state != confirmed && $state != reverted ]] || return 0
  while IFS= read -r -d '' key && [[ $key != entries ]] && IFS= read -r -d '' value; do
    header[$key]=$value
  done 2>/dev/null <"$open/manifest"
  { read -r left <"/run/coreos-infra/deadline.${header[id]-none}"; } 2>/dev/null
  read -r up _ </proc/uptime
  for word in "${header[id]-}" "${state:-applied}" "${header[run]-}" "${header[owner]-}" "${left:+$((left - ${up%%.*}))}"; do
    encode "$word" && line+=" $REPLY"
  done
  printf '%s\n' "$line"
}

# check_lock: the folder is root's alone, so an unprivileged user asks by sudo. No folder: nothing of ours was ever done here.
check_lock() {
  local slot
  [[ $LOCK == 1 && -d /var/lib/coreos-infra ]] || return 0
  if ((EUID == 0)); then
    slot=$(look_slot)
  else
    slot=$(sudo -n -- /bin/bash -c "$(declare -f encode look_slot); look_slot" 2>/dev/null </dev/null) || refuse blind
  fi
  [[ -z $slot ]] && return
  printf '\036%s %s\n' "$NONCE" "$slot" >&2
  exit "$EX_REFUSED"
}

# exec counts it down, and a bash of level 1 under sshd reads ~/.bashrc: the login shell has done that.
SHLVL=$((SHLVL + 1))

NONCE=$1 LOCK=$2
shift 2
