# How a verb answers: JSON lines on stdout, one a step, and how it fails.
# shellcheck shell=bash disable=SC2034,SC2154

# Lines of a program's own words that are handed on, and bytes of output that are looked at for them.
DETAIL_LINES=64
DETAIL_BYTES=16384

# Who holds the host, as keys and values: part of the line of the error `locked`.
HOLDER=()
# The step that failures are reported for.
STEP=start
# Set by what must be undone when the verb fails (apply, once it is armed).
ON_FAIL=

# json VALUE: sets REPLY to a JSON string. Control characters become spaces: what a host says is shown on terminals.
json() {
  local s=${1//\\/\\\\}
  s=${s//\"/\\\"}
  s=${s//$'\n'/\\n}
  s=${s//[[:cntrl:]]/ }
  REPLY=\"$s\"
}

# json_list VALUE…: sets REPLY to a JSON array of strings.
json_list() {
  local list='' item
  for item in "$@"; do
    json "$item"
    list+=${list:+,}$REPLY
  done
  REPLY="[$list]"
}

# say NAME [KEY VALUE]…: one JSON line for a step. Never fails: the link may be gone while the work goes on.
say() {
  local line key
  json "$1"
  line="{\"step\":$REPLY"
  shift
  while (($# > 1)); do
    key=$1
    json "$2"
    line+=",\"$key\":$REPLY"
    shift 2
  done
  printf '%s}\n' "$line" 2>/dev/null || :
}

# step NAME [KEY VALUE]…: says that a step begins; later failures carry its name.
step() {
  STEP=$1
  say "$@"
  at_step "$1"
}

# at_step NAME: where lab builds inject faults (fault.sh, which no other build contains).
at_step() { :; }

# say_error CODE MESSAGE [DETAIL…]
say_error() {
  local line
  json "$STEP"
  line="{\"step\":$REPLY"
  json "$1"
  line+=",\"error\":$REPLY"
  json "$2"
  line+=",\"message\":$REPLY"
  local i
  for ((i = 0; i < ${#HOLDER[@]}; i += 2)); do
    json "${HOLDER[i + 1]}"
    line+=",\"${HOLDER[i]}\":$REPLY"
  done
  json_list "${@:3}"
  printf '%s,"detail":%s}\n' "$line" "$REPLY" 2>/dev/null || :
}

# fail CODE MESSAGE [DETAIL…]: ends the verb. What was begun is undone first; the exit code says nothing.
fail() {
  say_error "$@"
  local undo=$ON_FAIL
  ON_FAIL=
  [[ -z $undo ]] || "$undo"
  exit 1
}

# tail_of FILE: sets WORDS to the last lines of a program's output.
tail_of() {
  local text
  text=$(tail -c "$DETAIL_BYTES" -- "$1" 2>/dev/null | tr -d '\000')
  mapfile -t WORDS <<<"$text"
  [[ -n $text ]] || WORDS=()
  keep_last_words
}

keep_last_words() {
  ((${#WORDS[@]} <= DETAIL_LINES)) || WORDS=("${WORDS[@]: -DETAIL_LINES}")
}

# join_words: sets REPLY to the lines of WORDS as one text.
join_words() {
  local IFS=$'\n'
  REPLY="${WORDS[*]}"
}

# words_of COMMAND…: runs it; on failure WORDS holds what it said. Keeps the exit code.
words_of() {
  local text code
  text=$("$@" 2>&1 9>&-)
  code=$?
  WORDS=()
  # A negative offset beyond the beginning gives nothing at all.
  ((${#text} <= DETAIL_BYTES)) || text=${text: -DETAIL_BYTES}
  [[ -z $text ]] || mapfile -t WORDS <<<"$text"
  keep_last_words
  return "$code"
}
