# Quadlets before the swap: the generator's dry run over all present quadlets with the staged ones in their place.
# shellcheck shell=bash disable=SC2034,SC2154

QUADLET_FOLDER=/etc/containers/systemd

# check_quadlets FOLDER: every expected unit must come out.
check_quadlets() {
  local i
  ((${#Q_PATH[@]})) || return 0
  copy_quadlets "$1/etc" || fail_write "$1"
  place_quadlets "$1/etc"
  generate_units "$1" || fail quadlet "the host has no quadlet generator" "${WORDS[@]}"
  for i in "${!Q_UNIT[@]}"; do
    is_generated "${Q_UNIT[i]}" || fail_quadlet "$i" "$1/err"
  done
}

# copy_quadlets FOLDER: those that are present, to lay others over them.
copy_quadlets() {
  words_of mkdir -p -- "$1" || return 1
  [[ ! -d $QUADLET_FOLDER ]] || words_of cp -a -- "$QUADLET_FOLDER/." "$1/"
}

# generate_units FOLDER: the dry run over FOLDER/etc; FOLDER/out and err are what it said. Fails when there is no generator.
# Its exit code does not do: no unit at all is exit 0 (podman-systemd.unit(5)).
generate_units() {
  local generator=/usr/libexec/podman/quadlet
  [[ -x $generator ]] || generator=/usr/lib/systemd/system-generators/podman-system-generator
  WORDS=("looked for /usr/libexec/podman/quadlet and $generator")
  [[ -x $generator ]] || return 1
  QUADLET_UNIT_DIRS=/run/containers/systemd:$1/etc:/usr/share/containers/systemd timeout -k 5 30 "$generator" --dryrun >"$1/out" 2>"$1/err" </dev/null 9>&- || :
  GENERATED=$'\n'$(<"$1/out")
}

is_generated() { [[ $GENERATED == *$'\n'"---$1---"* ]]; }

# place_quadlets FOLDER: the staged files over the copies, the deleted ones out of it.
place_quadlets() {
  local i below
  for i in "${!F_PATH[@]}"; do
    [[ ${F_PATH[i]} == "$QUADLET_FOLDER"/* ]] || continue
    below=$1/${F_PATH[i]#"$QUADLET_FOLDER"/}
    if [[ -z ${F_SHA[i]} ]]; then
      rm -f -- "$below"
    else
      mkdir -p -- "${below%/*}"
      staged_path "$i"
      cp -p -- "$REPLY" "$below" || fail_write "$1"
    fi
  done
}

# fail_quadlet I ERRORS
fail_quadlet() {
  quadlet_words "$2"
  fail quadlet "the quadlet generator makes no ${Q_UNIT[$1]} of ${Q_PATH[$1]}" "${WORDS[@]}"
}

# quadlet_words ERRORS: sets WORDS to the generator's, without its name, process id and the lines that only tell what it read.
quadlet_words() {
  local line
  WORDS=()
  while IFS= read -r line; do
    line=${line#quadlet-generator\[*\]: }
    [[ $line == 'Loading source unit file '* || -z $line ]] || WORDS+=("${line//${1%/err}\/etc/$QUADLET_FOLDER}")
  done <"$1"
  keep_last_words
}
