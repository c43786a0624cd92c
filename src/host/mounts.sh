# Which mount a path lies on, and why a write there failed: the kernel's own tables instead of the wording of errors.
# shellcheck shell=bash disable=SC2034,SC2154

# read_mounts: MOUNT_POINT[n], MOUNT_ID[n], MOUNT_FLAGS[n] of /proc/self/mountinfo (proc_pid_mountinfo(5)).
read_mounts() {
  local id parent device root point flags rest
  MOUNT_ID=() MOUNT_POINT=() MOUNT_FLAGS=()
  while read -r id parent device root point flags rest; do
    # Octal escapes stand for white space and backslashes in paths.
    printf -v point '%b' "$point"
    MOUNT_ID+=("$id") MOUNT_POINT+=("$point") MOUNT_FLAGS+=("$flags,${rest##* }")
  done </proc/self/mountinfo
}

# mount_of PATH: sets REPLY to the index of the mount that holds it: the longest mount point above it, the latest of equals.
mount_of() {
  local n point length best=-1
  REPLY=0
  for n in "${!MOUNT_POINT[@]}"; do
    point=${MOUNT_POINT[n]%/}
    length=${#point}
    if [[ $1 == "$point" || $1 == "$point"/* ]] && ((length >= best)); then best=$length REPLY=$n; fi
  done
}

# why_unwritable PATH: sets REPLY to the code and WHY to the words for a write that failed at or in PATH (the nearest that exists).
why_unwritable() {
  local path=$1 flags free files
  while [[ ! -e $path && $path == /?* ]]; do path=${path%/*}; done
  path=${path:-/}
  read_mounts
  mount_of "$path"
  if [[ ,${MOUNT_FLAGS[REPLY]}, == *,ro,* ]]; then
    # In this order: REPLY is the index until then.
    WHY="${MOUNT_POINT[REPLY]} is mounted read-only" REPLY=read-only
    return
  fi
  read -r flags _ < <(lsattr -d -- "$path" 2>/dev/null)
  if [[ ${flags-} == *[ai]* ]]; then
    REPLY=immutable WHY="$path has the attribute ${flags//-/} (chattr)"
    return
  fi
  read -r free files < <(stat -f -c '%a %d' -- "$path" 2>/dev/null)
  # btrfs reports no inodes at all (0); a few free blocks left over do not make a write succeed.
  if ((${free:-0} < 16)) || { ((${files:-1} == 0)) && [[ $(stat -f -c %T -- "$path") != btrfs ]]; }; then
    REPLY=no-space WHY="no space left at ${path}"
    return
  fi
  REPLY=write-failed WHY="$path cannot be written"
}

# fail_write PATH: fails with the reason why PATH could not be written; WORDS are the program's.
fail_write() {
  why_unwritable "$1"
  fail "$REPLY" "$WHY" "${WORDS[@]}"
}
