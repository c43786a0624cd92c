#!/usr/bin/env bash
# A control group for one host, in every tree that systemd uses. Without it nspawn would make the same folders for all hosts below the
# caller's own, and each host's systemd would remove those of its neighbours' services while they start.
# Usage: host-cgroup.sh enter MACHINE-NAME PID | host-cgroup.sh remove MACHINE-NAME
set -euo pipefail
verb=$1 machine=$2

# The unified tree, and systemd's own where the trees of version 1 are beside it (cgroups(7), nspawn writes to both).
trees() { awk '$3 == "cgroup2" || ($3 == "cgroup" && $4 ~ /(^|,)name=systemd(,|$)/) { print $2 }' /proc/self/mounts; }

# A group is busy until its last process is buried, which takes a moment after a kill.
remove() {
  local tries
  for ((tries = 100; tries > 0; tries--)); do
    if [ ! -e "$1" ] || find "$1" -depth -type d -exec rmdir {} + 2>/dev/null; then return; fi
    sleep 0.05
  done
  find "$1" -depth -type d -exec rmdir {} +
}

trees | while read -r tree; do
  group=$tree/coreos-infra-lab/$machine
  case $verb in
    enter)
      remove "$group" # of a boot that was cut off
      mkdir -p "$group"
      echo "$3" >"$group/cgroup.procs"
      ;;
    remove) remove "$group" ;;
  esac
done
