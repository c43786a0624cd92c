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
    say_status "$OPEN" "$1" "$word" "$REPLY"
    return
  fi
  for folder in generations reverted failed; do
    for dir in "$STATE/$folder"/*/; do
      if ! read_header "$dir/manifest" || [[ ${HEADER[id]} != "$1" ]]; then continue; fi
      read -r word <"$dir/state"
      report_of "$dir"
      say_status "$dir" "$1" "$word" "$REPLY"
      return
    done
  done
  say status id "$1" state none
}

# say_status FOLDER ID WORD REASON
say_status() {
  local back=''
  local -a os=()
  [[ ! -e $1/no-way-back ]] || back=gone
  if [[ ${HEADER[kind]-} == os ]] && read_os_folder "$1"; then os=(kind os cause "$OS_CAUSE" from "${H[from]}" to "$OS_TO" trialBoot "$OS_TRIAL" told "$OS_TOLD" wayBack "$back"); fi
  say status id "$2" state "$3" generation "${HEADER[generation]-}" reason "$4" "${os[@]}"
}

# report_of FOLDER: sets REPLY to why it was reverted, as far as anybody could write that down.
report_of() {
  REPLY=
  read -r REPLY 2>/dev/null <"$1/report" || :
}
