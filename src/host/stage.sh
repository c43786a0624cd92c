# Staging and saving: new files and hard links to the old ones, on the mounts of their targets, so that swap and revert are renames.
# shellcheck shell=bash disable=SC2034,SC2154
#
# Files of folder K lie in ROOT/new/K/ and ROOT/old/K/. ROOT is /etc/.coreos-infra/open for folders on the mount of /etc,
# /var/lib/coreos-infra/stage on that of /var, and a hidden folder inside the target folder on any other mount.

# choose_roots: K_ROOT[k] for every folder, by mount. Rename and link between two mounts fail (EXDEV), even of one file system.
choose_roots() {
  local k live etc var
  read_mounts
  mount_of "$ETC_STAGE"
  etc=$REPLY
  mount_of "$VAR_STAGE"
  var=$REPLY
  K_LIVE=()
  for k in "${!K_PATH[@]}"; do
    live=${K_PATH[k]}
    while [[ ! -d $live ]]; do live=${live%/*} live=${live:-/}; done
    K_LIVE[k]=$live
    mount_of "$live"
    case $REPLY in
      "$etc") K_ROOT[k]=$ETC_STAGE ;;
      "$var") K_ROOT[k]=$VAR_STAGE ;;
      *) K_ROOT[k]=${live%/}/.coreos-infra ;;
    esac
  done
}

# stage_files BUNDLE: unpacks the new files where they wait for the swap, with their mode and owner, and proves that they are right.
stage_files() {
  local bundle=$1 k root i
  local -A members=() roots=()
  local -a made=("$ETC_STAGE" "$VAR_STAGE") wanted
  choose_roots
  for k in "${!K_PATH[@]}"; do
    root=${K_ROOT[k]}
    roots[$root]=1
    made+=("$root/new/$k" "$root/old/$k")
  done
  words_of rm -rf -- "$ETC_STAGE" "$VAR_STAGE" "${!roots[@]}" || fail_write "$ETC_STAGE"
  words_of mkdir -p -- "${made[@]}" || fail_unmade "${made[@]}"
  for i in "${!F_PATH[@]}"; do
    k=${F_K[i]}
    [[ -z ${F_SHA[i]} || " ${members[${K_ROOT[k]}]-}" == *" $k "* ]] || members[${K_ROOT[k]}]+="$k "
  done
  for root in "${!members[@]}"; do
    wanted=()
    for k in ${members[$root]}; do wanted+=("new/$k"); done
    words_of tar -xpf "$bundle" -C "$root" --same-owner -- "${wanted[@]}" || fail_write "$root"
  done
  check_staged
  label_staged
}

# fail_unmade FOLDER…: names the first that could not be made.
fail_unmade() {
  local folder
  for folder in "$@"; do [[ -d $folder ]] || fail_write "$folder"; done
  fail_write "$1"
}

# check_staged: what lies on the disk has the hash, mode and owner that the plan asks for.
# tar falls back to a number when it does not know a name: that shows here.
check_staged() {
  local i path
  local -a paths=()
  for i in "${!F_PATH[@]}"; do
    staged_path "$i"
    [[ -z ${F_SHA[i]} ]] || paths+=("$REPLY")
  done
  look "${paths[@]}"
  for i in "${!F_PATH[@]}"; do
    [[ -n ${F_SHA[i]} ]] || continue
    staged_path "$i"
    path=$REPLY
    if [[ ${LOOK_SHA[$path]-} != "${F_SHA[i]}" || ${LOOK_MODE[$path]-} != "${F_MODE[i]}" ]]; then
      WORDS=("staged as $path: ${LOOK_SHA[$path]-nothing} mode ${LOOK_MODE[$path]-}")
      fail_write "$path"
    fi
    [[ ${LOOK_OWNER[$path]} == "${F_OWNER[i]}" ]] || fail owner "the host has no user ${F_OWNER[i]} (for ${F_PATH[i]})"
    [[ ${LOOK_GROUP[$path]} == "${F_GROUP[i]}" ]] || fail owner "the host has no group ${F_GROUP[i]} (for ${F_PATH[i]})"
  done
}

# save_old: hard links to what stands there now, a trial of each folder, and the marker. R8: a revert then needs no space.
save_old() {
  local k i
  local -a files
  refuse_locked_folders
  for k in "${!K_PATH[@]}"; do
    files=()
    for i in "${!F_PATH[@]}"; do
      [[ ${F_K[i]} != "$k" || -z ${B_SHA[i]} ]] || files+=("${F_PATH[i]}")
    done
    if ((${#files[@]})); then
      words_of ln -P -t "${K_ROOT[k]}/old/$k" -- "${files[@]}" || fail_unlinkable "${files[@]}"
    fi
    [[ ! -d ${K_PATH[k]} ]] || try_folder "$k"
  done
  if [[ -f $MARKER ]]; then
    words_of ln -P -T -- "$MARKER" "$ETC_STAGE/marker.old" || fail_write "$MARKER"
    # Says later that there was one, also when the link was put back already.
    : >"$ETC_STAGE/marker.was"
  fi
  {
    printf '%s\n' "open:${H[id]}" >"$ETC_STAGE/marker.open" && printf '%s\n' "${H[generation]}" >"$ETC_STAGE/marker.new"
  } 2>/dev/null || fail_write "$ETC_STAGE"
}

# refuse_locked_folders: an append-only folder would take the trial of try_folder and never give it back.
refuse_locked_folders() {
  local flags k
  while read -r flags _; do
    [[ $flags =~ ^[-a-zA-Z]+$ && $flags == *[ai]* ]] || continue
    for k in "${!K_PATH[@]}"; do
      [[ ! -d ${K_PATH[k]} ]] || why_unwritable "${K_PATH[k]}"
      [[ $REPLY != immutable ]] || fail immutable "$WHY"
    done
  done < <(lsattr -d -- "${K_PATH[@]}" 2>/dev/null)
}

# try_folder K: a link into the folder and a rename out of it succeed: same mount, writable, not immutable, not append-only.
try_folder() {
  local folder=${K_PATH[$1]} root=${K_ROOT[$1]} trial
  trial=${folder%/}/.coreos-infra.${H[id]}
  : >"$root/trial.$1" && words_of ln -P -T -- "$root/trial.$1" "$trial" && words_of mv --no-copy -fT -- "$trial" "$root/back.$1" && return
  rm -f -- "$trial"
  fail_write "$folder"
}

# fail_unlinkable FILE…: names the file that refuses a hard link: immutable or append-only.
fail_unlinkable() {
  local path
  for path in "$@"; do
    why_unwritable "$path"
    [[ $REPLY == write-failed ]] || fail "$REPLY" "$WHY" "${WORDS[@]}"
  done
  fail write-failed "the present files cannot be saved as hard links" "${WORDS[@]}"
}

# save_objects BUNDLE: contents by hash, and the list that names them, for later generations.
# Unpacked aside first: an object's name must never stand for half of it.
save_objects() {
  words_of tar -xf "$1" -C "$PREP" --no-same-owner --no-same-permissions -- managed objects/ || fail_write "$STATE"
}

# keep_objects: after the sync, into the pool. Whoever dies in between leaves objects that nothing names; pruning removes them.
keep_objects() {
  local -a objects=("$PREP"/objects/*)
  [[ ! -e ${objects[0]} ]] || words_of mv --no-copy -f -t "$STATE/objects" -- "${objects[@]}" || fail_write "$STATE/objects"
  rmdir -- "$PREP/objects" 2>/dev/null || :
}

# record_serials: the highest serial ever written for each zone, remembered for ever, durable before any file is replaced.
record_serials() {
  local i name old
  local -a files=()
  ((${#S_ZONE[@]})) || return 0
  mkdir -p -- "$PREP/serials"
  for i in "${!S_ZONE[@]}"; do
    serial_file "${S_ZONE[i]}"
    name=$REPLY old=
    read -r old _ 2>/dev/null <"$STATE/serials/$name" || :
    higher_serial "${S_SERIAL[i]}" "${old:-}" || continue
    printf '%s %s\n' "${S_SERIAL[i]}" "${S_ZONE[i]}" >"$PREP/serials/$name" || fail_write "$STATE"
    files+=("$PREP/serials/$name")
  done
  if ((${#files[@]})); then
    {
      words_of sync -- "${files[@]}" && words_of mv --no-copy -f -t "$STATE/serials" -- "${files[@]}" && words_of sync -- "$STATE/serials"
    } || fail_write "$STATE/serials"
  fi
  rmdir -- "$PREP/serials"
}

# higher_serial NEW OLD: by serial number arithmetic (RFC 1982); true when there is no old one.
higher_serial() {
  [[ -n $2 ]] || return 0
  local ahead=$((($1 - $2) & 0xFFFFFFFF))
  ((ahead > 0 && ahead < 0x80000000))
}

# serial_file ZONE: sets REPLY to the zone's file name: / and % are written as %2f and %25 (RFC 2317 zones have slashes).
serial_file() {
  REPLY=${1//%/%25}
  REPLY=${REPLY//\//%2f}
}

# sync_prepared: R3: staged files, saved links and the record are durable before the change set is armed.
sync_prepared() {
  local i k root
  local -A folders=()
  local -a list=()
  for i in "${!F_PATH[@]}"; do
    root=${K_ROOT[F_K[i]]} k=${F_K[i]}
    [[ -z ${F_SHA[i]} ]] || list+=("$root/new/$k/${F_NAME[i]}")
    [[ -z ${B_SHA[i]} ]] || list+=("$root/old/$k/${F_NAME[i]}")
    folders[$root/new/$k]=1 folders[$root/old/$k]=1 folders[$root/new]=1 folders[$root/old]=1 folders[$root]=1 folders[${root%/*}]=1
  done
  list+=("$ETC_STAGE"/marker.* "${ETC_STAGE%/*}" "${!folders[@]}" "$PREP"/objects/* "$PREP"/[!o]* "$PREP" "$STATE")
  words_of sync -- "${list[@]}" || fail_write "$PREP"
  keep_objects
}
