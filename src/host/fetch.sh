# The verb fetch: contents of files for a diff. WANT_PATHS and WANT_BYTES come with the request.
# shellcheck shell=bash disable=SC2034,SC2154

# Each file: the field `file`, its path, and its size; then so many bytes. `absent` when it is no regular file, `large` beyond the limit.
fetch() {
  local path size copy
  printf 'coreos-infra\0%s\0' 1
  for path in "${WANT_PATHS[@]}"; do
    if [[ ! -f $path || -L $path ]]; then
      printf 'absent\0%s\0' "$path"
      continue
    fi
    size=$(stat -c %s -- "$path")
    if ((size > WANT_BYTES)); then
      printf 'large\0%s\0%s\0' "$path" "$size"
      continue
    fi
    # A file that grows or shrinks meanwhile must not shift what follows: base64 of what was read, ended by NUL.
    printf 'file\0%s\0' "$path"
    head -c "$WANT_BYTES" -- "$path" | base64 -w 0
    printf '\0'
  done
  printf 'end\0'
}
