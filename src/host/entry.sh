# The helper's verbs. The last file of the joined script: a script that was cut off on its way defines functions and does nothing.
# shellcheck shell=bash disable=SC2034,SC2154

main() {
  # A dead link gives EPIPE on every line we print: what was begun must not end with it.
  trap '' PIPE HUP
  case ${1-} in
    apply | confirm | status | revert_request | acquire | renew | release | unlock | hold | unhold | install_helper | generations | generation) "$@" ;;
    os_look | os_open | os_stage | os_go | os_reboot | os_deadline | os_deny | os_undeny) "$@" ;;
    guard | boot_guard) by_opener "$@" ;;
    *) fail usage "the helper has no verb ${1-}" ;;
  esac
}

# by_opener VERB: a slot is ended by the version of the helper that opened it, while that one is there.
by_opener() {
  local other=
  read_header "$OPEN/manifest" && other=$LIBEXEC/${HEADER[helper]-}/helper
  if [[ -z ${BY_OPENER-} && -n ${HEADER[helper]-} && -f $other && ! $other -ef ${BASH_SOURCE[0]} ]]; then
    BY_OPENER=1 exec /bin/bash "$other" "$@"
  fi
  "$@"
}
