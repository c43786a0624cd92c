# What stands at paths now, for checks before and after a change.
# shellcheck shell=bash disable=SC2034,SC2154

# look PATH…: fills LOOK_* by path: type (find's %y), mode (octal), owner, group, sha256 of regular files. Absent: no entry.
# Two processes for any number of paths. Links are not followed; FIFOs and devices are never opened.
look() {
  declare -gA LOOK_TYPE=() LOOK_MODE=() LOOK_OWNER=() LOOK_GROUP=() LOOK_IDS=() LOOK_SHA=()
  (($#)) || return 0
  local -a field
  local i=0 path
  mapfile -d '' -t field < <(find "$@" -maxdepth 0 -printf 'p\0%y\0%m\0%u\0%g\0%U:%G\0%p\0' -type f -exec sha256sum -z {} + 2>/dev/null 9>&-)
  while ((i < ${#field[@]})); do
    if [[ ${field[i]} == p ]]; then
      path=${field[i + 6]}
      LOOK_TYPE[$path]=${field[i + 1]} LOOK_MODE[$path]=${field[i + 2]} LOOK_OWNER[$path]=${field[i + 3]}
      LOOK_GROUP[$path]=${field[i + 4]} LOOK_IDS[$path]=${field[i + 5]}
      ((i += 7))
    else
      LOOK_SHA[${field[i]:66}]=${field[i]:0:64}
      ((i += 1))
    fi
  done
}
