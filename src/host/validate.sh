# Validation before the swap: the service's own program looks at a preview of what is coming, and must accept it.
# shellcheck shell=bash disable=SC2034,SC2154

# The folder of all previews. 0755, since containers read it as their own user; /run/coreos-infra above it is 0700,
# which a bind mount does not mind.
CHECK=

validate() {
  local v
  ((${#V_NAME[@]} || ${#Q_PATH[@]})) || return 0
  CHECK=$RUN/check.${H[id]}
  rm -rf -- "$CHECK"
  mkdir -- "$CHECK" || fail_write "$RUN"
  check_quadlets "$CHECK/quadlets"
  for v in "${!V_NAME[@]}"; do
    run_validation "$v"
  done
  rm -rf -- "$CHECK"
}

# run_validation V: lays out the preview and runs the program there. Exit 0 accepts.
run_validation() {
  local at=${V_AT[$1]} name=${V_NAME[$1]} seconds argc n code dir=$CHECK/$1
  local -a argv
  seconds=${R[at + 2]} argc=${R[at + 3]}
  argv=("${R[@]:at + 4:argc}")
  step validate name "$name"
  preview "$1" "$((at + 4 + argc))" "$dir"
  for n in "${!argv[@]}"; do argv[n]=${argv[n]//'{dir}'/$dir}; done
  timeout -k 5 "$seconds" "${argv[@]}" </dev/null >"$CHECK/words" 2>&1 9>&-
  code=$?
  ((code)) || return 0
  tail_of "$CHECK/words"
  rm -rf -- "$CHECK"
  ((code != 124 && code != 137)) || fail validation "$name did not end within $seconds s" "${WORDS[@]}"
  fail validation "$name refuses the new configuration (exit code $code)" "${WORDS[@]}"
}

# preview V I DIR: files as they will be, from record field I on, with their modes and owners; and the scratch files, 0644.
preview() {
  local i=$2 dir=$3 count n source as
  local -A batch=()
  mkdir -m 0755 -- "$dir"
  count=${R[i]} i=$((i + 1))
  for ((n = 0; n < count; n++, i += 2)); do
    as=${R[i + 1]}
    coming "${R[i]}" || continue
    source=$REPLY
    make_preview_folder "$dir" "$as"
    # cp -t takes many files at once, as long as they keep their names.
    if [[ ${source##*/} == "${as##*/}" ]]; then
      batch[$dir/$as]=$source
    else
      words_of cp -p -T -- "$source" "$dir/$as" || fail_write "$dir"
    fi
  done
  copy_batches
  count=${R[i]}
  ((count)) || return 0
  for ((n = 0; n < count; n++)); do make_preview_folder "$dir" "${R[i + 1 + n]}"; done
  words_of tar -xf "$BUNDLE" -C "$dir" --no-same-owner --strip-components=2 -- "scratch/$1" || fail_write "$dir"
  for ((n = 0; n < count; n++)); do chmod 0644 -- "$dir/${R[i + 1 + n]}"; done
}

# copy_batches: what `batch` holds, one cp for each folder.
copy_batches() {
  local as folder
  local -A folders=()
  local -a sources
  for as in "${!batch[@]}"; do folders[${as%/*}]=1; done
  for folder in "${!folders[@]}"; do
    sources=()
    for as in "${!batch[@]}"; do [[ ${as%/*} != "$folder" ]] || sources+=("${batch[$as]}"); done
    words_of cp -p -t "$folder" -- "${sources[@]}" || fail_write "$folder"
  done
}

make_preview_folder() {
  local folder=$1 part
  [[ $2 == */* ]] || return 0
  local -a parts
  IFS=/ read -r -a parts <<<"${2%/*}"
  for part in "${parts[@]}"; do
    folder+=/$part
    [[ -d $folder ]] || mkdir -m 0755 -- "$folder"
  done
}

# coming PATH: sets REPLY to the file that will stand at PATH: the staged one, else the present one. Fails when there will be none.
coming() {
  local i=${F_AT[$1]-}
  if [[ -n $i ]]; then
    staged_path "$i"
    [[ -n ${F_SHA[i]} ]]
  else
    REPLY=$1
    [[ -f $1 ]]
  fi
}
