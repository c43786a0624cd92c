# The swap: every change of a file is one rename on its own mount, between two renames of the marker.
# shellcheck shell=bash disable=SC2034,SC2154

# swap: after it either all renames are durable, or the change is undone.
swap() {
  local i k
  local -a files gone=()
  put_marker open
  for i in "${!D_PATH[@]}"; do
    [[ ${D_ACTION[i]} == delete ]] || make_directory "$i"
  done
  for k in "${!K_PATH[@]}"; do
    files=()
    for i in "${!F_PATH[@]}"; do
      [[ ${F_K[i]} == "$k" ]] || continue
      if [[ -n ${F_SHA[i]} ]]; then staged_path "$i" && files+=("$REPLY"); else gone+=("${F_PATH[i]}"); fi
    done
    ((${#files[@]} == 0)) || words_of mv --no-copy -f -t "${K_PATH[k]}" -- "${files[@]}" || fail_write "${K_PATH[k]}"
    ((k)) || at_step swap-half
  done
  ((${#gone[@]} == 0)) || words_of rm -f -- "${gone[@]}" || fail_write "${gone[0]}"
  put_marker new
  at_step swapped
  sync_swapped || fail_write "${WORDS[0]-$STATE}"
}

# put_marker WHICH: the marker travels with its /etc. While files are being swapped it says open:<id>.
put_marker() {
  words_of mv --no-copy -fT -- "$ETC_STAGE/marker.$1" "$MARKER" || fail_write "$MARKER"
}

make_directory() {
  local path=${D_PATH[$1]}
  if [[ ${D_ACTION[$1]} == create ]]; then
    words_of mkdir -- "$path" || fail_write "${path%/*}"
    label_folder "$path"
  fi
  words_of chown -h -- "${D_OWNER[$1]}:${D_GROUP[$1]}" "$path" || fail owner "the host has no user ${D_OWNER[$1]} or no group ${D_GROUP[$1]} (for $path)" "${WORDS[@]}"
  words_of chmod -- "${D_MODE[$1]}" "$path" || fail_write "$path"
}

# sync_swapped: R4: the renames are durable before the change counts as applied (or as reverted).
sync_swapped() {
  local path
  local -A folders=(["${MARKER%/*}"]=1)
  for path in "${K_PATH[@]}"; do [[ ! -d $path ]] || folders[$path]=1; done
  for path in "${D_PATH[@]}"; do
    [[ ! -d $path ]] || folders[$path]=1
    path=${path%/*} path=${path:-/}
    [[ ! -d $path ]] || folders[$path]=1
  done
  words_of sync -- "${!folders[@]}"
}

# remove_directories: folders that the plan deletes, once it is confirmed, when nothing is left in them.
remove_directories() {
  local i
  for i in "${!D_PATH[@]}"; do
    [[ ${D_ACTION[i]} != delete ]] || rmdir -- "${D_PATH[i]}" 2>/dev/null || :
  done
}
