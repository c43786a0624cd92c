# Everything that must be true before a change set may be staged: same boot, no slot, safe folders, the files that the plan saw.
# shellcheck shell=bash disable=SC2034,SC2154

check_boot() {
  boot_id
  [[ $REPLY == "${H[boot]}" ]] || fail booted "the host was booted since it was observed" "observed boot ${H[boot]}" "present boot $REPLY"
}

# R11: no second slot, whatever became of the lease.
check_no_slot() {
  slot_state || return 0
  local word=$REPLY
  read_header "$OPEN/manifest" || :
  fail locked "change set ${HEADER[id]-?} of ${HEADER[owner]-?} is open on this host (${word})" "run ${HEADER[run]-?}"
}

# Our own folders exist and are ours. umask makes them 0700.
make_folders() {
  local folder
  words_of mkdir -p -- "$RUN" "$STATE"/{generations,reverted,failed,objects,serials} "${ETC_STAGE%/*}" "${MARKER%/*}" && return 0
  for folder in "$RUN" "$STATE" "${ETC_STAGE%/*}" "${MARKER%/*}"; do
    [[ -d $folder && -w $folder ]] || fail_write "$folder"
  done
  fail_write "$STATE"
}

# A folder in which others than root may write is no place to stage or replace files as root; nor is anything behind a symlink.
# Checked for all folders of the plan and everything above them with one find.
check_folders() {
  local path k
  local -A all=() made=()
  local -a ask
  for path in "${!D_PATH[@]}"; do
    [[ ${D_ACTION[path]} == create ]] && made[${D_PATH[path]}]=$path
  done
  for path in "${K_PATH[@]}" "${D_PATH[@]}"; do
    while [[ -n $path ]]; do
      all[$path]=1
      path=${path%/*}
    done
  done
  all[/]=1
  ask=("${!all[@]}")
  look "${ask[@]}"
  for path in "${ask[@]}"; do
    check_folder "$path" "${made[$path]-}"
  done
}

# check_folder PATH INDEX: INDEX is that of the directory change that makes it, or empty.
check_folder() {
  local path=$1
  case ${LOOK_TYPE[$path]-} in
    '') [[ -n $2 ]] || fail missing-folder "the folder $path does not exist" "Describe it as a directory resource, or make it on the host." ;;
    l) fail symlink "$path is a symbolic link" "Files are never written through a link: name the real path." ;;
    d)
      [[ -z $2 ]] || fail stale "$path exists by now"
      unsafe_for_root "${LOOK_IDS[$path]}" "${LOOK_MODE[$path]}" || return 0
      fail unsafe-folder "others than root may write in $path" "owner ${LOOK_OWNER[$path]}, group ${LOOK_GROUP[$path]}, mode ${LOOK_MODE[$path]}"
      ;;
    *) fail stale "$path is not a folder" ;;
  esac
}

# unsafe_for_root UID:GID MODE: true when others than root may write in a folder with these attributes.
unsafe_for_root() {
  local bits=$((8#$2))
  [[ $1 == 0:* ]] || return 0
  ((bits & 8#002)) && return 0
  ((bits & 8#020)) && [[ $1 != 0:0 ]]
}



# Each target still is what the plan saw: content, mode and owner. Links and other things are refused by name.
check_targets() {
  local i path type
  local -a changed=()
  look "${F_PATH[@]}"
  for i in "${!F_PATH[@]}"; do
    path=${F_PATH[i]} type=${LOOK_TYPE[${F_PATH[i]}]-}
    [[ $type != l ]] || fail symlink "$path is a symbolic link" "Files are never written through a link: name the real path, or remove the link."
    [[ -z $type || $type == f ]] || fail stale "$path is not a regular file"
    same_as_before "$i" || changed+=("$path")
  done
  ((${#changed[@]} == 0)) || fail stale "${#changed[@]} file(s) changed since the host was observed" "${changed[@]:0:DETAIL_LINES}"
}

# same_as_before I: LOOK_* holds for file I what the plan says of the old one.
same_as_before() {
  local i=$1 path=${F_PATH[$1]}
  if [[ -z ${B_SHA[i]} ]]; then
    [[ -z ${LOOK_TYPE[$path]-} ]]
  else
    [[ ${LOOK_SHA[$path]-} == "${B_SHA[i]}" && ${LOOK_MODE[$path]} == "${B_MODE[i]}" && ${LOOK_OWNER[$path]} == "${B_OWNER[i]}" && ${LOOK_GROUP[$path]} == "${B_GROUP[i]}" ]]
  fi
}
