# Takes a file, or a folder as a tar stream, from stdin: KIND(file|tree) DEST NAME MODE BYTES SHA256
# shellcheck shell=bash disable=SC2154
# Staged beside its place, checked, made durable, and moved there by one rename. What is not complete is removed.

put() {
  local kind=$1 dest=$2 name=$3 mode=$4 bytes=$5 sha=$6 folder
  check_lock
  umask 077
  find_place
  trap 'exit 143' TERM HUP INT PIPE
  trap 'rm -rf -- "${STAGED-}"' EXIT
  if is_same; then
    say same "$dest"
    exit 0
  fi
  STAGED=$(mktemp -d -- "$folder/.coreos-infra-copy.XXXXXXXX" 2>&1) || refuse_words "$STAGED"
  "take_$kind"
  dress
  if ! sync -f -- "$STAGED/new" || ! mv -fT -- "$STAGED/new" "$dest"; then refuse failed "$dest cannot be written"; fi
  sync -- "$folder"
  say written "$dest"
}

refuse_words() {
  STAGED=
  ((EUID == 0)) || [[ -w $folder ]] || refuse failed "nothing may be written in $folder (--sudo?)"
  refuse failed "nothing can be made in $folder: ${1##*: }"
}

# find_place: sets dest to the full name, as cp(1) would: into a folder that is there. Nothing is written through a link.
find_place() {
  if [[ -d $dest ]]; then
    dest=${dest%/}/$name
  elif [[ $dest == */ ]]; then
    refuse failed "there is no folder $dest"
  fi
  folder=${dest%/*}
  [[ $dest == */* ]] || folder=.
  folder=${folder:-/}
  [[ -d $folder ]] || refuse failed "there is no folder $folder"
  [[ ! -L $dest ]] || refuse failed "$dest is a symbolic link to $(readlink -- "$dest"): name the file that is meant"
  [[ $kind != file || ! -d $dest ]] || refuse failed "$dest is a folder"
  [[ $kind != tree || ! -e $dest ]] || refuse failed "$dest exists; a folder is only copied to where there is none"
  [[ ! -e $dest || -f $dest ]] || refuse failed "$dest is no regular file"
}

# is_same: the file is there already, with these bytes and this mode.
is_same() {
  [[ $kind == file && -f $dest && $(stat -c '%s %a' -- "$dest") == "$bytes $mode" && $(sha256sum <"$dest" 2>/dev/null) == "$sha  -" ]]
}

take_file() {
  local words
  words=$(cat 2>&1 >"$STAGED/new") || refuse failed "the file cannot be written in $folder: ${words##*: }"
  [[ $(sha256sum <"$STAGED/new") == "$sha  -" ]] || refuse mismatch "$(stat -c %s -- "$STAGED/new")"
}

take_tree() {
  local sum codes reader
  if ! mkdir -- "$STAGED/new" || ! mkfifo -- "$STAGED/sum"; then refuse failed "$folder: nothing can be made there"; fi
  exec 3<>"$STAGED/sum.text" || refuse failed "$folder: nothing can be written there"
  sha256sum <"$STAGED/sum" >&3 &
  reader=$!
  tee "$STAGED/sum" | tar -C "$STAGED/new" -xpf - --no-same-owner 3>&-
  codes=("${PIPESTATUS[@]}")
  wait "$reader"
  read -r sum _ <"$STAGED/sum.text"
  [[ $sum == "$sha" ]] || refuse mismatch unknown
  [[ ${codes[1]} == 0 ]] || refuse failed "tar cannot unpack it (exit code ${codes[1]})"
}

# dress: mode, and what a file that is replaced had: owner and SELinux label. A new one gets the label that the policy names.
dress() {
  local label
  chmod "$mode" -- "$STAGED/new" || refuse failed "the mode $mode cannot be set"
  if ((EUID == 0)) && [[ -f $dest ]]; then chown --reference="$dest" -- "$STAGED/new" || refuse failed "the owner of $dest cannot be kept"; fi
  { command -v selinuxenabled >/dev/null && selinuxenabled; } || return 0
  if [[ -f $dest ]]; then
    chcon --reference="$dest" -- "$STAGED/new" 2>/dev/null || :
  else
    label=$(matchpathcon -n -- "$(readlink -f -- "$folder")/${dest##*/}" 2>/dev/null)
    [[ -z $label || $label == '<<none>>' ]] || chcon -R -h -- "$label" "$STAGED/new" 2>/dev/null || :
  fi
}

put "$@"
