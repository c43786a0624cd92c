# Reconcile: after another deployment was booted, its /etc is brought to the last confirmed generation, which /var remembers.
# shellcheck shell=bash disable=SC2034,SC2154

# reconcile: B6: the marker travels with its /etc and says what stands there. Redone from the start after a cut: the marker comes last.
reconcile() {
  local was='' generation
  local -a made=()
  newest_generation
  generation=$REPLY
  ((generation)) || return 0
  read -r was 2>/dev/null <"$MARKER" || :
  [[ $was != "$generation" ]] || return 0
  step reconcile reason "this /etc is of generation ${was:-none}, confirmed is $generation"
  make_folders
  [[ $was != open:* || $was == open:reconcile ]] || heal_open "${was#open:}"
  if ! stage_generation "$generation" || ! check_generation "$was"; then
    keep_etc
    return 1
  fi
  rm -f -- "$RUN/reconcile-failed"
  swap_generation "$generation" "$was"
  say reconciled generation "$generation"
}

# check_generation MARKER: on *this* OS: its podman may be older than a key of a quadlet. Every unit that the generation has must come out
# of the generator's dry run; nothing is touched otherwise. A swap that was cut off had passed this: it is finished.
check_generation() {
  local i n as scratch=$RUN/check.reconcile failed=0
  local -a quadlets=()
  for ((i = 0; i < ${#G[@]}; i += 8)); do [[ -z ${G[i + 7]} || $1 == open:reconcile ]] || quadlets+=("$i"); done
  if ((${#quadlets[@]})); then
    rm -rf -- "$scratch"
    copy_quadlets "$scratch/etc" || return 1
    for n in "${!G_PATH[@]}"; do
      [[ ${G_PATH[n]} == "$QUADLET_FOLDER"/* ]] || continue
      as=$scratch/etc/${G_PATH[n]#"$QUADLET_FOLDER"/}
      words_of mkdir -p -- "${as%/*}" && words_of cp -p -- "${G_STAGED[n]}" "$as" || return 1
    done
    generate_units "$scratch" || return 1
    for i in "${quadlets[@]}"; do
      is_generated "${G[i + 7]}" || { failed=1 && quadlet_words "$scratch/err" && WORDS=("the quadlet generator of this OS makes no ${G[i + 7]} of ${G[i + 2]}" "${WORDS[@]}") && break; }
    done
    rm -rf -- "$scratch"
  fi
  ((failed == 0)) || return 1
  for i in "${made[@]}"; do remake_folder "$i" || return 1; done
}

# keep_etc: what stands there is a whole generation that once served on this very OS. The reason is kept for whoever asks (os_look).
keep_etc() {
  rm -rf -- "$ETC_STAGE"
  { printf '%s\n' "${WORDS[@]}" >"$RUN/reconcile-failed"; } 2>/dev/null || :
  say_error reconcile-failed "this /etc keeps its own generation" "${WORDS[@]}"
}

# heal_open ID: a change set was open when this /etc was left. It was ended in another deployment; its links are still here.
heal_open() {
  local dir
  for dir in "$STATE"/{generations,reverted,failed}/*/; do
    if ! read_header "$dir/manifest" || [[ ${HEADER[id]} != "$1" ]]; then continue; fi
    read_plan "$dir/manifest" || return 0
    put_back etc || :
    return 0
  done
}

# stage_generation N: every managed file in /etc that differs, copied from the objects with its mode, owner and label; durable.
stage_generation() {
  local i path n=0
  local -a paths=()
  read_records "$STATE/generations/$1/managed" || return 1
  G=("${RECORDS[@]}") G_PATH=() G_STAGED=()
  words_of rm -rf -- "$ETC_STAGE" || return 1
  words_of mkdir -p -- "$ETC_STAGE/new" || return 1
  for ((i = 0; i < ${#G[@]}; i += 8)); do paths+=("${G[i + 2]}"); done
  look "${paths[@]}"
  for ((i = 0; i < ${#G[@]}; i += 8)); do
    path=${G[i + 2]}
    [[ $path == /etc/* ]] || continue
    if [[ ${G[i + 1]} == directory ]]; then
      made+=("$i")
    elif [[ ${LOOK_SHA[$path]-} != "${G[i + 3]}" || ${LOOK_MODE[$path]-} != "${G[i + 4]}" || ${LOOK_OWNER[$path]-} != "${G[i + 5]}" || ${LOOK_GROUP[$path]-} != "${G[i + 6]}" ]]; then
      n=$((n + 1))
      words_of install -m "${G[i + 4]}" -o "${G[i + 5]}" -g "${G[i + 6]}" -T -- "$STATE/objects/${G[i + 3]}" "$ETC_STAGE/new/$n" || return 1
      G_PATH[n]=$path G_STAGED[n]=$ETC_STAGE/new/$n
      label_like "$path" "$ETC_STAGE/new/$n"
    fi
  done
  printf 'open:reconcile\n' >"$ETC_STAGE/marker.open" || return 1
  printf '%s\n' "$1" >"$ETC_STAGE/marker.new" || return 1
  words_of sync -- "${G_STAGED[@]}" "$ETC_STAGE"/marker.* "$ETC_STAGE/new" "$ETC_STAGE" "${ETC_STAGE%/*}" || return 1
}

remake_folder() {
  local path=${G[$1 + 2]}
  [[ -d $path && ! -L $path ]] || words_of mkdir -p -- "$path" || return 1
  words_of chown -h -- "${G[$1 + 5]}:${G[$1 + 6]}" "$path" && words_of chmod -- "${G[$1 + 4]}" "$path" && label_folder "$path"
}

# swap_generation N MARKER: renames, then what only the older generation of this /etc had is taken away, then the marker.
swap_generation() {
  local n
  local -A folders=(["${MARKER%/*}"]=1)
  words_of mv --no-copy -fT -- "$ETC_STAGE/marker.open" "$MARKER" || return 1
  for n in "${!G_PATH[@]}"; do
    words_of mv --no-copy -fT -- "${G_STAGED[n]}" "${G_PATH[n]}" || return 1
    folders[${G_PATH[n]%/*}]=1
  done
  remove_older "$2"
  words_of sync -- "${!folders[@]}" || return 1
  words_of mv --no-copy -fT -- "$ETC_STAGE/marker.new" "$MARKER" || return 1
  words_of sync -- "${MARKER%/*}" || return 1
  rm -rf -- "$ETC_STAGE"
  start_reconciled
}

# remove_older N: files of the generation that this /etc had, which the confirmed one has no more: only if they still are as we wrote them.
remove_older() {
  local i
  local -A kept=()
  local -a old=() gone=()
  for ((i = 0; i < ${#G[@]}; i += 8)); do kept[${G[i + 2]}]=1; done
  if [[ ! $1 =~ ^[1-9][0-9]*$ ]] || ! read_records "$STATE/generations/$1/managed"; then return 0; fi
  for ((i = 0; i < ${#RECORDS[@]}; i += 8)); do
    if [[ ${RECORDS[i + 2]} == /etc/* && ${RECORDS[i + 1]} != directory && -z ${kept[${RECORDS[i + 2]}]-} ]]; then old+=("${RECORDS[i + 2]}"); fi
  done
  look "${old[@]}"
  for ((i = 0; i < ${#RECORDS[@]}; i += 8)); do
    if [[ -n ${RECORDS[i + 3]} && ${LOOK_SHA[${RECORDS[i + 2]}]-} == "${RECORDS[i + 3]}" ]]; then gone+=("${RECORDS[i + 2]}"); fi
  done
  ((${#gone[@]} == 0)) || rm -f -- "${gone[@]}"
}

# start_reconciled: generated units are known only after a reload; those of quadlets are started, since the boot's own plan lacks them.
start_reconciled() {
  local i
  local -a units=()
  for ((i = 0; i < ${#G[@]}; i += 8)); do [[ -z ${G[i + 7]} ]] || units+=("${G[i + 7]}"); done
  control daemon-reload || :
  ((${#units[@]} == 0)) || control start --no-block -- "${units[@]}" || :
}
