# Sends a file, or a folder as a tar stream, on stdout, and then its SHA-256 as a sign: SOURCE
# shellcheck shell=bash disable=SC2154

get() {
  local source=$1 summer codes
  check_lock
  [[ -e $source ]] || refuse failed "there is no $source, or it may not be seen"
  if [[ -d $source ]]; then
    say tree "$(stat -L -c %a -- "$source")"
  elif [[ -f $source ]]; then
    [[ -r $source ]] || refuse failed "$source may not be read (--sudo?)"
    say file "$(stat -L -c %a -- "$source")"
  else
    refuse failed "$source is no regular file and no folder"
  fi
  exec 5> >(read -r sum _ < <(sha256sum) && say sum "$sum")
  summer=$!
  produce | tee /dev/fd/5
  codes=("${PIPESTATUS[@]}")
  exec 5>&-
  wait "$summer"
  # tar ends with 1 when a file changed while it was read: what arrived is not what stands there.
  ((codes[0] == 0)) || refuse failed "reading $source ended with exit code ${codes[0]}"
}

produce() {
  exec 5>&-
  if [[ -d $source ]]; then
    exec tar -C "$source" --hard-dereference -cf - .
  else
    exec cat -- "$source"
  fi
}

get "$@"
