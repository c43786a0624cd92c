# What /var/lib/coreos-infra and /run/coreos-infra say: the slot, the archives, the lease. Reads only.
# shellcheck shell=bash disable=SC2034,SC2154

# read_records FILE: sets RECORDS to its NUL-ended fields. Fails when the file is missing.
read_records() {
  RECORDS=()
  [[ -f $1 && -r $1 ]] && mapfile -d '' -t RECORDS <"$1"
}

# read_header FILE: sets HEADER[key] from the leading pairs of a manifest, up to the field `entries`.
read_header() {
  declare -gA HEADER=()
  local key value
  [[ -r $1 ]] || return 1
  while IFS= read -r -d '' key && [[ $key != entries ]] && IFS= read -r -d '' value; do
    HEADER[$key]=$value
  done 2>/dev/null <"$1"
  [[ ${HEADER[format]-} == 1 ]]
}

# slot_state: sets REPLY to the word in open/state; unreadable or empty counts as applied (protocol: it is reverted).
# Fails when there is no slot.
slot_state() {
  REPLY=
  [[ -d $OPEN ]] || return 1
  read -r REPLY 2>/dev/null <"$OPEN/state" || :
  case $REPLY in
    armed | applied | confirmed | reverting | reverting2 | reverted | failed) ;;
    *) REPLY=applied ;;
  esac
}

# newest_generation: sets REPLY to the highest confirmed generation of kind config, 0 when there is none.
# A slot with state confirmed that nobody archived yet counts: it is the last one.
newest_generation() {
  local n dir best=0
  for dir in "$STATE"/generations/*/; do
    n=${dir%/} n=${n##*/}
    [[ $n =~ ^[1-9][0-9]*$ ]] || continue
    ((n > best)) && read_header "$dir/manifest" && [[ ${HEADER[kind]} == config ]] && best=$n
  done
  REPLY=$best
}

# next_generation: sets REPLY to 1 + the highest number in all archives.
next_generation() {
  local n dir best=0
  for dir in "$STATE"/{generations,reverted,failed}/*/; do
    n=${dir%/} n=${n##*/}
    [[ $n =~ ^[1-9][0-9]*$ ]] && ((n > best)) && best=$n
  done
  REPLY=$((best + 1))
}

# managed_file: sets REPLY to the file with all managed entries, '' when nothing was ever confirmed.
managed_file() {
  if slot_state && [[ $REPLY == confirmed ]] && read_header "$OPEN/manifest" && [[ ${HEADER[kind]} == config ]]; then
    REPLY=$OPEN/managed
    return
  fi
  newest_generation
  if ((REPLY)); then REPLY=$STATE/generations/$REPLY/managed; else REPLY=; fi
}
