# Status: how a change set stands, or how it ended: the slot, then the three archives.
# shellcheck shell=bash disable=SC2034,SC2154

# status ID: R9: a final state is made durable before it is reported.
status() {
  local folder dir word
  STEP=status
  if slot_state && word=$REPLY && read_header "$OPEN/manifest" && [[ ${HEADER[id]} == "$1" ]]; then
    case $word in
      confirmed | reverted | failed) words_of sync -- "$OPEN/state" "$OPEN" || fail_write "$OPEN" ;;
    esac
    report_of "$OPEN"
    say status id "$1" state "$word" generation "${HEADER[generation]-}" reason "$REPLY"
    return
  fi
  for folder in generations reverted failed; do
    for dir in "$STATE/$folder"/*/; do
      if ! read_header "$dir/manifest" || [[ ${HEADER[id]} != "$1" ]]; then continue; fi
      read -r word <"$dir/state"
      report_of "$dir"
      say status id "$1" state "$word" generation "${HEADER[generation]-}" reason "$REPLY"
      return
    done
  done
  say status id "$1" state none
}

# report_of FOLDER: sets REPLY to why it was reverted, as far as anybody could write that down.
report_of() {
  REPLY=
  read -r REPLY 2>/dev/null <"$1/report" || :
}
