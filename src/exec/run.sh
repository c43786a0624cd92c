# The operator's command: SECONDS SCRIPT_BYTES PROGRAM ARGUMENT…
# shellcheck shell=bash disable=SC2154
# A script comes first on stdin, and is read to its last byte before anything runs: what follows it there is the script's own stdin.

# run_command SECONDS SCRIPT_BYTES ARGV…: timeout(1) ends it also when the controller is gone. 0 seconds: never.
run_command() {
  local seconds=$1 bytes=$2 script
  shift 2
  check_lock
  if ((bytes == 0)); then
    say run $$
    exec timeout -k 2 "$seconds" "$@"
  fi
  script=$(head -c "$bytes" && printf x)
  script=${script%x}
  has_bytes "$script" "$bytes" || refuse cut
  say run $$
  # Not a file: nothing is left behind, and it needs no disk.
  exec timeout -k 2 "$seconds" "$@" 3< <(printf %s "$script")
}

has_bytes() {
  local LC_ALL=C
  ((${#1} == $2))
}

run_command "$@"
