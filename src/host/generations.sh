# Earlier generations: what they were, and their files, so that a controller can bring one back as a new change set.
# shellcheck shell=bash disable=SC2034,SC2154

# generations: one line for each kept generation of configuration, oldest first.
generations() {
  local dir n
  local -a numbers=()
  STEP=generations
  for dir in "$STATE"/generations/*/; do
    n=${dir%/} n=${n##*/}
    [[ ! $n =~ ^[1-9][0-9]*$ ]] || numbers[n]=1
  done
  for n in "${!numbers[@]}"; do
    dir=$STATE/generations/$n
    if ! read_header "$dir/manifest" || [[ ${HEADER[kind]} != config ]]; then continue; fi
    read_records "$dir/managed" || continue
    say generation generation "$n" id "${HEADER[id]}" run "${HEADER[run]}" owner "${HEADER[owner]}" files "$((${#RECORDS[@]} / 8))" at "$(stat -c %Y -- "$dir/state")"
  done
}

# generation N: its managed entries and their contents, as fields: `managed`, a count and the entries; `file`, hash and base64 each.
generation() {
  local i managed=$STATE/generations/$1/managed
  local -A sent=()
  printf '%s\0' coreos-infra 1
  if [[ $1 =~ ^[1-9][0-9]*$ ]] && read_records "$managed"; then
    printf '%s\0' managed "${#RECORDS[@]}" "${RECORDS[@]}"
    for ((i = 3; i < ${#RECORDS[@]}; i += 8)); do
      [[ -n ${RECORDS[i]} && -z ${sent[${RECORDS[i]}]-} && -f $STATE/objects/${RECORDS[i]} ]] || continue
      sent[${RECORDS[i]}]=1
      printf 'file\0%s\0' "${RECORDS[i]}"
      base64 -w 0 -- "$STATE/objects/${RECORDS[i]}"
      printf '\0'
    done
  fi
  printf '%s\0' end
}
