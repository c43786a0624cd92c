# Quadlets before the swap: the generator's dry run over all present quadlets with the staged ones in their place.
# shellcheck shell=bash disable=SC2034,SC2154

QUADLET_FOLDER=/etc/containers/systemd

# check_quadlets FOLDER: every expected unit must come out. The exit code does not do: no unit at all is exit 0 (podman-systemd.unit(5)).
check_quadlets() {
  local scratch=$1 generator i out err dirs
  ((${#Q_PATH[@]})) || return 0
  generator=/usr/libexec/podman/quadlet
  [[ -x $generator ]] || generator=/usr/lib/systemd/system-generators/podman-system-generator
  [[ -x $generator ]] || fail quadlet "the host has no quadlet generator" "looked for /usr/libexec/podman/quadlet and $generator"
  mkdir -p -- "$scratch/etc"
  [[ ! -d $QUADLET_FOLDER ]] || words_of cp -a -- "$QUADLET_FOLDER/." "$scratch/etc/" || fail_write "$scratch"
  place_quadlets "$scratch/etc"
  dirs=/run/containers/systemd:$scratch/etc:/usr/share/containers/systemd
  out=$scratch/out err=$scratch/err
  QUADLET_UNIT_DIRS=$dirs timeout -k 5 30 "$generator" --dryrun >"$out" 2>"$err" </dev/null 9>&- || :
  local units
  units=$(<"$out")
  for i in "${!Q_UNIT[@]}"; do
    [[ $'\n'$units == *$'\n'"---${Q_UNIT[i]}---"* ]] || fail_quadlet "$i" "$err"
  done
}

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

# fail_quadlet I ERRORS: the generator's words, without its name, process id and the lines that only tell what it read.
fail_quadlet() {
  local line
  WORDS=()
  while IFS= read -r line; do
    line=${line#quadlet-generator\[*\]: }
    [[ $line == 'Loading source unit file '* || -z $line ]] || WORDS+=("${line//${2%/err}\/etc/$QUADLET_FOLDER}")
  done <"$2"
  keep_last_words
  fail quadlet "the quadlet generator makes no ${Q_UNIT[$1]} of ${Q_PATH[$1]}" "${WORDS[@]}"
}
